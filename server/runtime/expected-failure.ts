/**
 * A failure or rejection that is foreseen: the log describes it by its message, without a stack. A stack leads to the
 * place in this service, which helps only where a bug may be the cause (`failure-log.ts` asks for this class). Extended
 * by the foreseen errors of each folder of `server/`.
 */
export class ExpectedFailure extends Error {}
