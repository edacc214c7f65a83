/**
 * Mistakes that a test plants around the product in order to see that the simulation finds them; those inside of it are
 * `PlantedFaults`.
 */
export interface PlantedMistakes {
  /** Changes that are held back are not read back from their changelog. */
  readonly bufferNotRestored?: boolean
  /** Of the versions of a row only the last one is read back from the changelog. */
  readonly historyNotRestored?: boolean
  /** Who points at a foreign key is not read back from the changelog. */
  readonly subscriptionsNotRestored?: boolean
  /** Records that wait in joins of streams are not read back from the changelog. */
  readonly waitingNotRestored?: boolean
  /** A processor that begins again is not called at intervals any more. */
  readonly scheduleLost?: boolean
  /** A processor that begins again is called at the intervals of the one before it, too. */
  readonly scheduleDoubled?: boolean
  /** A task that begins again knows nothing of the time that it had come to. */
  readonly timeLost?: boolean
}
