import { basename } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Files that take long although they are small. Each needs much of the machine, so two of them at once would run into
 * their limits.
 */
const LONG = [
  'ledger-many-rabbitmq',
  'openapi-generators',
  'ledger-many',
  'far-hosts',
  'ledger-many-mixed',
  'rolling-restart',
  'ledger',
  'bench',
  'growth',
  'fuzz',
].map((name) => `${name}.test.ts`)

/**
 * Spreads the long files evenly over the run. Without a cache of earlier runs, as on CI, Vitest starts with the largest
 * files, so the long ones would run at the end, together.
 */
export class SpreadOut extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const nameOf = ({ moduleId }: TestSpecification) => basename(moduleId)
    const long = LONG.flatMap((name) => sorted.filter((file) => nameOf(file) === name))
    const others = sorted.filter((file) => !LONG.includes(nameOf(file)))
    const step = Math.ceil(others.length / Math.max(1, long.length))
    return long
      .flatMap((file, index) => [file, ...others.slice(index * step, (index + 1) * step)])
      .concat(long.length === 0 ? others : [])
  }
}
