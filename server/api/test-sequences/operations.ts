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
  /** Comes before `record`, and before its body is read. */
  admitRecord(call: Pick<PublicCall, 'params'>): Promise<void>
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
export function createTestSequenceOperations({ db, callbackDb, publish, publisher, publicUrl, log }: TestSequenceParts): TestSequenceOperations {
  const callback = createCallback({ db: callbackDb })
  return {
    begin: createBegin({ db, publisher, publicUrl, log }),
    get: createGet({ db }),
    delete: createDelete({ db, publish }),
    admitRecord: callback.admit,
    record: callback.record,
  }
}
