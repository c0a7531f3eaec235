import { ratioText } from './ratio-text.ts'
import type { Panel } from './svg.ts'
import type { Report } from './table.ts'

/** Returns what is plotted: events/s as bars, latencies as lines from p50 over p99 to p99.9. */
export function panelsOf({ scenarios, figures, systems }: Report): Panel[] {
  return scenarios.flatMap((scenario) => {
    const own = figures.filter((one) => one.scenario === scenario.name)
    if (own.length === 0) return []
    const isRate = scenario.ratePerS !== undefined
    return {
      title: scenario.title,
      unit: isRate ? 'ms: p50 / p99 / p99.9' : 'events/s; times BullMQ / times BullMQ tuned',
      isLogarithmic: isRate,
      rows: own.map(({ system, receivedPerS, latencies: { p50, p99, p999 }, ratio, tunedRatio }) => ({
        label:
          (systems.find(({ id }) => id === system)?.title ?? system) +
          (isRate ? '' : ` (${ratioText(ratio)} / ${ratioText(tunedRatio)})`),
        bar: isRate ? undefined : receivedPerS,
        marks: isRate
          ? [
              { name: 'p50', value: p50.median },
              { name: 'p99', value: p99.median },
              { name: 'p99.9', value: p999.median },
            ]
          : [],
        isOurs: system.startsWith('tidings'),
      })),
    }
  })
}
