import { SCENARIOS, type Scenario } from './scenarios.ts'
import type { System } from './systems/system.ts'

/** One system in one scenario. */
export interface PlannedRun {
  readonly scenario: Scenario
  readonly system: System
}

export interface PlanOptions {
  /** Names; undefined: all. */
  readonly scenarios: readonly string[] | undefined
  /** Ids; undefined: those of each scenario. */
  readonly systems: readonly string[] | undefined
  readonly available: readonly System[]
}

/** Returns the runs of one round: scenario by scenario, and in each the systems one after the other. */
export function planRound({ scenarios, systems, available }: PlanOptions): PlannedRun[] {
  return chosenScenarios(scenarios).flatMap((scenario) => {
    const wanted = systems ?? scenario.systems
    return available
      .filter(({ id }) => wanted.includes(id) || (id.includes('@') && wanted.includes(id.replace(/@.*$/, ''))))
      .map((system) => ({ scenario, system }))
  })
}

/** A scenario that is compared with another one brings that along. */
function chosenScenarios(names: readonly string[] | undefined): readonly Scenario[] {
  if (names === undefined) return SCENARIOS
  const chosen = SCENARIOS.filter(({ name }) => names.includes(name))
  return SCENARIOS.filter(
    (scenario) => chosen.includes(scenario) || chosen.some(({ comparedWith }) => comparedWith === scenario.name),
  )
}

/** Returns names that there are not. */
export const unknownNames = (given: readonly string[] | undefined, known: readonly string[]): string[] =>
  (given ?? []).filter((name) => !known.includes(name))

/** Returns names that were given before, once for each time. */
export const repeatedNames = (given: readonly string[] | undefined): string[] =>
  (given ?? []).filter((name, index, all) => all.indexOf(name) < index)

/** Returns the runs of a round with the systems of each scenario rotated, so that each is the first one at times. */
export function rotated(runs: readonly PlannedRun[], round: number): PlannedRun[] {
  const scenarios = [...new Set(runs.map(({ scenario }) => scenario))]
  return scenarios.flatMap((scenario) => {
    const own = runs.filter((run) => run.scenario === scenario)
    const by = round % own.length
    return [...own.slice(by), ...own.slice(0, by)]
  })
}
