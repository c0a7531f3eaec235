import type { Database } from '../../db/database.ts'
import type { Log } from '../../log.ts'
import type { Publish } from '../../publish/publish.ts'
import type { Answer, Call, PublicCall } from '../route.ts'
import { createBegin } from './begin.ts'
import { createCallback } from './callback.ts'
import { createDelete } from './delete.ts'
import { createGet } from './get.ts'
import type { SequencePublisher } from './publisher.ts'

export interface TestSequenceOperations {
  begin(call: Call): Promise<Answer>
  get(call: Call): Promise<Answer>
  delete(call: Call): Promise<Answer>
  record(call: PublicCall): Promise<Answer>
}

export interface TestSequenceParts {
  readonly db: Database
  /** For callers whom nobody knows. */
  readonly callbackDb: Database
  readonly publish: Publish
  readonly publisher: Pick<SequencePublisher, 'publishNext'>
  readonly publicUrl: string | undefined
  readonly log: Log
}

/** What can be done with test sequences (contract 7). */
export const createTestSequenceOperations = ({ db, callbackDb, publish, publisher, publicUrl, log }: TestSequenceParts): TestSequenceOperations => ({
  begin: createBegin({ db, publisher, publicUrl, log }),
  get: createGet({ db }),
  delete: createDelete({ db, publish }),
  record: createCallback({ db: callbackDb }),
})
