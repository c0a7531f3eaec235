import type { Random } from '../world/random.ts'
import type { Model } from './model.ts'
import { CODES, serverError } from './server-error.ts'
import { runStatement, type StatementDeps } from './statement-run.ts'
import type { OpenTransaction } from './tables.ts'

/** A message of a client, in the order in which it was sent. */
export interface Message {
  readonly text: string
  readonly values: readonly unknown[]
  readonly reply: (reply: Reply) => void
}

export type Reply =
  | { readonly kind: 'rows'; readonly command: string; readonly rows: readonly object[] }
  | { readonly kind: 'error'; readonly error: Error }

export interface SessionDeps extends StatementDeps {
  readonly random: Random
  readonly idleInTransactionMs: number
  readonly begin: () => OpenTransaction
  readonly modelOf: (text: string) => Model
  /** How long the server does not get to the next statement, in ms. */
  readonly stallMs: () => number
  /** How long a commit takes, in ms. */
  readonly commitMs: () => number
  /** The transaction commits now. */
  readonly onCommit: (committing: OpenTransaction) => void
  /** It has committed: everybody sees it. */
  readonly onCommitted: (committed: OpenTransaction) => void
  readonly onStatement: (name: string, values: readonly unknown[], result: string) => void
  /** The server has ended the session by itself. */
  readonly onKilled: (error: Error) => void
  readonly onEnded: () => void
}

/** Between two statements that were sent together, in ms. */
const NEXT_MS = { min: 0.05, max: 0.5 }

const nothing = () => undefined

/** What the server does for one connection: statement after statement, whether the client is still there or not. */
export class Session {
  readonly #deps: SessionDeps
  #inbox: Message[] = []
  #isBusy = false
  #isHungUp = false
  #isEnded = false
  #tx: OpenTransaction | undefined
  /** A statement of the transaction has failed: the others are refused. */
  #hasFailed = false
  #committing: OpenTransaction | undefined
  #stopIdleTimer: () => void = nothing
  #interruptStatement: () => void = nothing
  #cancelCommit: () => void = nothing

  constructor(deps: SessionDeps) {
    this.#deps = deps
  }

  receive(message: Message): void {
    if (this.#isEnded || this.#isHungUp) return
    this.#inbox.push(message)
    this.#pump()
  }

  /** The client is gone: what has come, but the last `lost`, is still done; then what is open is rolled back. */
  hangUp(lost: number): void {
    if (this.#isEnded || this.#isHungUp) return
    this.#isHungUp = true
    this.#inbox = this.#inbox.slice(0, Math.max(0, this.#inbox.length - lost))
    this.#pump()
  }

  /** Ends it in the middle of whatever it does. What a commit under way wanted is there or not. */
  kill(error: Error): void {
    if (this.#isEnded) return
    this.#interruptStatement()
    this.#cancelCommit()
    if (this.#committing && this.#deps.random.chance(0.5)) this.#complete(this.#committing)
    this.#deps.onKilled(error)
    this.#end()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stopIdleTimer()
    this.#inbox = []
    this.#rollBack()
    this.#deps.onEnded()
  }

  #rollBack(): void {
    if (this.#tx) {
      this.#tx.rollBack()
      this.#deps.locks.stopWaiting(this.#tx.owner)
      this.#deps.locks.releaseAll(this.#tx.owner)
    }
    this.#tx = undefined
    this.#hasFailed = false
  }

  #pump(): void {
    this.#stopIdleTimer()
    if (this.#isBusy || this.#isEnded) return
    const message = this.#inbox.shift()
    if (message) {
      this.#isBusy = true
      const stallMs = this.#deps.stallMs()
      if (stallMs === 0) this.#execute(message)
      else this.#deps.scheduler.after(stallMs, () => !this.#isEnded && this.#execute(message))
    } else if (this.#isHungUp) this.#end()
    else if (this.#tx) {
      const { scheduler, idleInTransactionMs } = this.#deps
      this.#stopIdleTimer = scheduler.after(idleInTransactionMs, () =>
        this.kill(serverError(CODES.idleInTransaction, 'idle in transaction', 'FATAL')),
      )
    }
  }

  #finish({ reply }: Message, answer: Reply): void {
    if (this.#isEnded) return
    reply(answer)
    const { scheduler, random } = this.#deps
    const goOn = () => {
      this.#isBusy = false
      this.#pump()
    }
    if (this.#inbox.length === 0) goOn()
    else scheduler.after(random.between(NEXT_MS.min, NEXT_MS.max), goOn)
  }

  #execute(message: Message): void {
    switch (message.text) {
      case 'begin':
        this.#tx = this.#deps.begin()
        this.#finish(message, { kind: 'rows', command: 'BEGIN', rows: [] })
        return
      case 'rollback':
        this.#rollBack()
        this.#finish(message, { kind: 'rows', command: 'ROLLBACK', rows: [] })
        return
      case 'commit':
        this.#executeCommit(message)
        return
      default:
        this.#executeStatement(message)
    }
  }

  #executeCommit(message: Message): void {
    if (this.#tx && !this.#hasFailed) {
      this.#commit(this.#tx, () => this.#finish(message, { kind: 'rows', command: 'COMMIT', rows: [] }))
      return
    }
    this.#rollBack()
    this.#finish(message, { kind: 'rows', command: 'ROLLBACK', rows: [] })
  }

  #commit(ending: OpenTransaction, onCommitted: () => void): void {
    this.#committing = ending
    this.#cancelCommit = this.#deps.scheduler.after(this.#deps.commitMs(), () => {
      this.#complete(ending)
      onCommitted()
    })
  }

  #complete(ending: OpenTransaction): void {
    this.#committing = undefined
    this.#deps.onCommit(ending)
    ending.commit()
    this.#deps.onCommitted(ending)
    if (this.#tx === ending) this.#tx = undefined
    this.#deps.locks.releaseAll(ending.owner)
  }

  #executeStatement(message: Message): void {
    if (this.#hasFailed) {
      const error = serverError(CODES.inFailedTransaction, 'current transaction is aborted')
      this.#finish(message, { kind: 'error', error })
      return
    }
    const isAutocommit = this.#tx === undefined
    const tx = (this.#tx ??= this.#deps.begin())
    const { values } = message
    const model = this.#deps.modelOf(message.text)
    this.#interruptStatement = runStatement(this.#deps, { model, values, tx }, (outcome) => {
      if ('error' in outcome) {
        const { error } = outcome
        this.#deps.onStatement(model.name, values, error.message)
        if (isAutocommit) this.#rollBack()
        else this.#hasFailed = true
        this.#finish(message, { kind: 'error', error })
        return
      }
      this.#deps.onStatement(model.name, values, `${outcome.rows.length} rows`)
      const answer: Reply = { kind: 'rows', command: 'OK', rows: outcome.rows }
      if (isAutocommit) this.#commit(tx, () => this.#finish(message, answer))
      else this.#finish(message, answer)
    })
  }
}
