import type { AnomalyKind } from '../checker/anomaly.ts'
import type { Bug } from '../run-history.ts'
import { groupBugs } from './group-bugs.ts'
import { readBugs } from './read-bugs.ts'
import { writeBugs } from './write-bugs.ts'

export interface PlantedBug extends Bug {
  readonly name: string
  /** What the checker must call it, among other things. */
  readonly found: AnomalyKind
  /** In how many seeds it must show. */
  readonly seeds?: number
}

/** Mistakes that brokers have been known to make, each through a seam that only tests have. */
export const plantedBugs: readonly PlantedBug[] = [...writeBugs, ...readBugs, ...groupBugs]
