import { FINGERPRINTS } from './fingerprints.ts'

/** Told of the text of every statement: which model it has, and its fingerprint. */
export type OnText = (name: string, fingerprint: string) => void

/** Throws when the text is not one that the model was written for. Those that come only in trouble are not known. */
export const checkFingerprint: OnText = (name, fingerprint) => {
  if (!(FINGERPRINTS[name] ?? [fingerprint]).includes(fingerprint))
    throw new Error(
      `the statement ${name} has changed: bring its model in harness/sim/statements up to date, ` +
        'then run npm run sim -- --fingerprints',
    )
}
