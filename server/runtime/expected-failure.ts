/**
 * A failure or rejection that is foreseen: the log describes it by its message, without a stack. A stack leads to the
 * place in this service, which helps only where a bug may be the cause. The errors of a stage extend it.
 */
export class ExpectedFailure extends Error {}
