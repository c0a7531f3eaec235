import { once, setMaxListeners } from 'node:events'

/** Lets everybody through while it is open. */
export interface Gate {
  open(): void
  close(): void
  /** Resolves when the gate is open. Rejects when the signal is aborted before. */
  pass(signal: AbortSignal): Promise<void>
}

/** Closed at first. */
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
