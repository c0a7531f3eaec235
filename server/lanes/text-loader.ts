import type { Db } from '../db/db.ts'
import type { Log } from '../log.ts'
import { createLoop, type Idle, type Worker } from '../runtime/loop.ts'
import type { Machine } from '../runtime/machine.ts'
import type { EventText, Offer } from './lane-model.ts'
import { readTexts } from './looks.ts'

/** Events per read. */
const MAX_EVENTS = 16

export interface TextLoaderDeps {
  readonly db: Db
  /** The text of the head that is offered has come; undefined: the event is not there. */
  readonly onText: (offer: Offer, text: EventText | undefined) => void
  /** Called instead when the offer is void: its lane goes on without it. */
  readonly onVoid: (offer: Offer) => void
  readonly log: Log
  readonly machine?: Machine | undefined
}

/** Reads the texts of events that memory does not have: of large ones, of cold lanes, after a take-over. */
export interface TextLoader extends Worker {
  /** Is followed by `onText` or `onVoid`, unless the loader is stopped before. */
  load(offer: Offer): void
}

export function createTextLoader({ db, onText, onVoid, log, machine }: TextLoaderDeps): TextLoader {
  const loop = createLoop({ name: 'texts', log, tick, machine })
  let queue: Offer[] = []

  async function tick(): Promise<number | Idle> {
    const former = queue
    queue = former.filter(stands)
    for (const offer of former) if (!stands(offer)) onVoid(offer)
    const batch = queue.slice(0, MAX_EVENTS)
    if (batch.length === 0) return { restMs: 1000 }
    const texts = await readTexts(
      db,
      batch.flatMap(({ lane }) => lane.queue[0]?.event ?? []),
    )
    queue = queue.slice(batch.length)
    const byPosition = new Map(texts.map((text) => [text.position, text]))
    for (const offer of batch) {
      const event = offer.lane.queue[0]?.event
      if (!event || !stands(offer)) {
        onVoid(offer)
        continue
      }
      const text = byPosition.get(event.position)
      if (text) event.deletesSubscriptions = text.deletesSubscriptions
      onText(offer, text)
    }
    return 0
  }

  return {
    load(offer) {
      queue.push(offer)
      loop.wake()
    },
    start: loop.start,
    stop: loop.stop,
  }
}

/** One whose partition is being read again is offered again. */
const stands = (offer: Offer) => offer.lane.offer === offer && offer.lane.home.state === 'open'
