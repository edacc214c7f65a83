/** For work that others shall not have to wait for. */
export interface Pace {
  /** Whether it has gone on for long enough. To be asked every few steps. */
  isOver(): boolean
  /** Resolves when others have had their turn. */
  turn(): Promise<void>
}

/** Between two looks at the pace, steps of a few microseconds each. */
export const stepsPerLook = 16

/** Does something to all of them, and lets others have their turn in between. */
export async function inTurns<T>(items: Iterable<T>, each: (item: T) => void, pace: Pace): Promise<void> {
  let steps = 0
  for (const item of items) {
    each(item)
    if (++steps % stepsPerLook === 0 && pace.isOver()) await pace.turn()
  }
}
