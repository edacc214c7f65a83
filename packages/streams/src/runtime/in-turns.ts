import { type Pace, stepsPerLook } from '../core/pace.ts'
import type { StreamTask } from '../core/task.ts'

/** Does something to all of them, and lets others have their turn in between. */
export async function inTurns<T>(items: Iterable<T>, each: (item: T) => void, pace: Pace): Promise<void> {
  let steps = 0
  for (const item of items) {
    each(item)
    if (++steps % stepsPerLook === 0 && pace.isOver()) await pace.turn()
  }
}

/** Does what takes time of the `commitStores` that follows. */
export async function writeStoresInTurns(
  task: Pick<StreamTask, 'storeWritings'>,
  changelogNextOffsets: ReadonlyMap<string, number>,
  pace: Pace,
): Promise<void> {
  for (const writing of task.storeWritings(changelogNextOffsets)) {
    await writing.write(pace)
    writing.written()
    if (pace.isOver()) await pace.turn()
  }
}
