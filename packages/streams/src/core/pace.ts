/** For work that others shall not have to wait for. */
export interface Pace {
  /** Whether it has gone on for long enough. To be asked every few steps. */
  isOver(): boolean
  /** Resolves when others have had their turn. */
  turn(): Promise<void>
}

/** Between two looks at the pace, steps of a few microseconds each. */
export const stepsPerLook = 16
