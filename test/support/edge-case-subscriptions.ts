import { createHash } from 'node:crypto'
import type { StoredSubscription } from './stored-state.ts'

/**
 * What is special in one of the search languages, in SQL, in LIKE, in sorting (the last two change places between
 * UTF-16 and code points), or nearly equal to something else.
 */
const TEXTS = [
  'a',
  'A',
  'b',
  'ab',
  'a b',
  'a,b',
  '(x)',
  'x)',
  '~',
  "it's",
  '"',
  '100%',
  '1000',
  'a_b',
  'a\\b',
  '\\%',
  '*',
  '!',
  'a*',
  '%',
  '_',
  'null',
  'true',
  '-1',
  'e\u0301',
  '\u00e9',
  '\u00df',
  'ss',
  'z',
  '\u65e5\u672c',
  'a\u2028b',
  '\u001f',
  ' x ',
  '\ufb01',
  '\uffee',
  '\u{1f600}',
]
const TYPES = [
  'jobs.*.*',
  'jobs.JOB_NEW_STATUS.*',
  'jobs.JOB_NEW_STATUS.RUNNING',
  'apps.APP.DELETE',
  'systems.system.create',
]
const FRACTIONS = ['000000', '000001', '000999', '001000', '020000', '500000', '999999']

/** Enough to meet every text in every attribute, the same in every run. */
export function edgeCaseSubscriptions(count = 72): StoredSubscription[] {
  return Array.from({ length: count }, (_, index) => {
    const pick = <T>(list: readonly T[], salt: number) =>
      list[createHash('md5').update(`${salt}/${index}`).digest().readUInt32BE() % list.length] as T
    const time = (salt: number, year: number) =>
      `${year}-0${pick([1, 2, 9], salt)}-11T0${pick([0, 1], salt + 1)}:00:59.${pick(FRACTIONS, salt + 2)}Z`
    return {
      tenant: 'dev',
      owner: pick(['jdoe', 'jdoe', 'msmith', '\u{1f600}', "o'hara"], 1),
      name: `${pick(TEXTS, 2)}${index % 3 === 0 ? '' : (TEXTS[index % TEXTS.length] ?? '')}#${index}`,
      description: index % 4 === 0 ? null : pick(TEXTS, 3),
      typeFilter: pick(TYPES, 4),
      subjectFilter: TEXTS[index % TEXTS.length] ?? '*',
      ttlMinutes: pick([-2_147_483_648, -1, 0, 1, 10_080, 2_147_483_647], 5),
      enabled: pick([true, true, false], 6),
      uuid: uuidOf(index),
      expiry: index % 3 === 0 ? null : time(7, 2924),
      created: time(11, 2024),
      updated: time(15, 2025),
    }
  })
}

function uuidOf(index: number): string {
  const hash = createHash('md5').update(String(index)).digest('hex')
  return [hash.slice(0, 8), hash.slice(8, 12), `4${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`, hash.slice(20)].join(
    '-',
  )
}
