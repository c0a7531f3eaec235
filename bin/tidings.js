// Starts the service. The files of bin/ are the names that images, manifests and operators use: they stay when files
// below server/ move. They run the built tree (dist/, the image) and, with `--import tsx`, a checkout.
import '@tidings/server/runtime/preload.ts' // takes effect before the rest is read, which takes a moment
await import('@tidings/server/main.ts')
