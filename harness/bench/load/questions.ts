import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What each question takes and what it is answered with. */
export type Questions = Record<string, (input: never) => unknown>

type Input<Ask extends Questions, Name extends keyof Ask> = Parameters<Ask[Name]>[0]
type Answer<Ask extends Questions, Name extends keyof Ask> = Awaited<ReturnType<Ask[Name]>>

/** A process of the benchmark that answers questions. */
export interface Helper<Ask extends Questions> {
  readonly pid: number | undefined
  /** Rejects when the process is gone, or could not answer. */
  ask<Name extends keyof Ask & string>(name: Name, input: Input<Ask, Name>): Promise<Answer<Ask, Name>>
  /** Ends the process. Resolves when it is gone. */
  end(): Promise<void>
}

interface Question {
  readonly id: number
  readonly name: string
  readonly input: unknown
}

interface Reply {
  readonly id: number
  readonly answer?: unknown
  readonly error?: string
}

/** Starts a program of this folder that calls `answerQuestions`. */
export function startHelper<Ask extends Questions>(file: string): Helper<Ask> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const waiting = new Map<number, (reply: Reply) => void>()
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
  let lastId = 0
  let isGone = false
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })
  void exited.then(() => {
    isGone = true
    for (const [id, settle] of waiting) settle({ id, error: `${file} has ended` })
  })
  return {
    pid: child.pid,
    ask: (name, input) =>
      new Promise((resolve, reject) => {
        const id = (lastId += 1)
        waiting.set(id, ({ answer, error }) => {
          if (error === undefined) resolve(answer as never)
          else reject(new Error(error))
        })
        if (isGone) reject(new Error(`${file} has ended`))
        else child.send({ id, name, input } satisfies Question)
      }),
    end: () => endChild(child, exited),
  }
}

async function endChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGKILL')
  await exited
}

/** In the started process: answers the parent's questions, and ends when the parent is gone. */
export function answerQuestions<Ask extends Questions>(answers: Ask): void {
  process.on('disconnect', () => process.exit(0))
  process.on('message', ({ id, name, input }: Question) => {
    const reply = (rest: Omit<Reply, 'id'>) => void process.send?.({ id, ...rest } satisfies Reply)
    // One turn later, so that what is thrown at once is caught too.
    Promise.resolve(input as never)
      .then((given) => answers[name]?.(given))
      .then(
        (answer) => reply({ answer }),
        (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
  })
}
