import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const OUR_ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Of Node.js, as `npm start` and the image give them to the service. */
export const SERVICE_FLAGS = ['--max-semi-space-size=32']

export interface ProgramOptions {
  /** A source tree other than this checkout. It is never the built one. */
  readonly root?: string | undefined
  /** A file that is loaded before the program is read, as `npm start` does. */
  readonly preload?: string
}

/**
 * Returns the arguments for Node.js that start a program of the service, named by its TypeScript file below the root of
 * the checkout. With the environment variable `BUILT_TREE` the program runs as JavaScript from that directory, which
 * has the layout of the checkout (`dist/`, after `npm run build`); that starts in half the time. Otherwise it runs from
 * its sources under tsx.
 */
export function programArguments(file: string, { root = OUR_ROOT, preload }: ProgramOptions = {}): string[] {
  const tree = root === OUR_ROOT ? process.env.BUILT_TREE : undefined
  if (tree === undefined) return sourceArguments(file, { root, ...(preload !== undefined && { preload }) })
  const built = (path: string) => join(tree, path.replace(/\.ts$/, '.js'))
  return [...(preload === undefined ? [] : ['--import', built(preload)]), built(file)]
}

/** Returns the arguments that start a program from its sources, as `npm start` does. */
export function sourceArguments(file: string, { root = OUR_ROOT, preload }: ProgramOptions = {}): string[] {
  const loaded = preload === undefined ? [] : ['--import', join(root, preload)]
  return ['--import', join(root, 'node_modules/tsx/dist/loader.mjs'), ...loaded, join(root, file)]
}
