import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprintOf } from '../database/model.ts'

const MIGRATIONS = fileURLToPath(new URL('../../../server/migrations', import.meta.url))

/** Those that have a model, or are a part of one. */
const MODELLED: ReadonlySet<string> = new Set([
  'begin_fan_outs',
  'check_matches',
  'count_down_removals',
  'dispatch_records',
  'end_waiting',
  'expand_fan_outs',
  'freeze_lanes',
  'keep_from_former_release',
  'lock_owned',
  'note_deletion',
  'publish_records',
  'renew_epochs',
  'settle_notifications',
  'thaw_lanes',
])

const FUNCTION = /create (?:or replace )?function (\w+)\(.*?\$\$.*?\$\$/gs

/** Returns the hash of the newest version of each function of the migrations that has a model, by its name. */
export async function functionFingerprints(): Promise<ReadonlyMap<string, string>> {
  const files = (await readdir(MIGRATIONS)).filter((name) => name.endsWith('.sql')).sort()
  const texts = await Promise.all(files.map((name) => readFile(join(MIGRATIONS, name), 'utf8')))
  const found = texts.flatMap((text) => [...text.matchAll(FUNCTION)])
  return new Map(
    found.flatMap(([text, name = '']) => (MODELLED.has(name) ? [[name, fingerprintOf(text)] as const] : [])),
  )
}
