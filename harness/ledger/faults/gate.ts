import { once, setMaxListeners } from 'node:events'

/** Lets all callers pass while it is open. */
export interface Gate {
  open(): void
  close(): void
  /** Resolves when the gate is open. Rejects if the signal is aborted first. */
  pass(signal: AbortSignal): Promise<void>
}

/** Creates a closed gate. */
export function createGate(): Gate {
  const opened = new EventTarget()
  setMaxListeners(0, opened)
  let isOpen = false
  return {
    open() {
      isOpen = true
      opened.dispatchEvent(new Event('open'))
    },
    close() {
      isOpen = false
    },
    async pass(signal) {
      while (!isOpen) await once(opened, 'open', { signal })
    },
  }
}
