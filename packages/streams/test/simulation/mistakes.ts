import type { PlantedFaults } from '@millrace/streams/internal'
import type { PlantedMistakes } from './planted-mistakes.ts'
import { runSeed } from './run-seed.ts'

/** A mistake that is planted to see that it is found. */
interface Mistake {
  /** What it would be in earnest. */
  readonly what: string
  readonly planted: keyof PlantedFaults | keyof PlantedMistakes
  /** The application that finds it. */
  readonly app: string
  /** Found by the first few lives, so that every run of the tests sees it found. */
  readonly isQuick: boolean
}

/** A simulation that misses a mistake within so many seeds would miss it in earnest too. */
export const seedsMax = 100

export const mistakes: readonly Mistake[] = [
  {
    what: 'stores that are written before the transaction has committed',
    planted: 'storesBeforeCommit',
    app: 'shop',
    isQuick: false,
  },
  {
    what: 'offsets that are committed before the caches are flushed',
    planted: 'commitBeforeFlush',
    app: 'shop',
    isQuick: true,
  },
  {
    what: 'offsets that are committed without the generation',
    planted: 'offsetsUnfenced',
    app: 'till',
    isQuick: true,
  },
  {
    what: 'output of punctuations alone that is committed without the generation',
    planted: 'outputUnfenced',
    app: 'till',
    isQuick: false,
  },
  {
    what: 'a checkpoint that is taken for the end of the changelog',
    planted: 'staleCheckpoint',
    app: 'till',
    isQuick: false,
  },
  {
    what: 'a store that is restored once more while its task writes to it',
    planted: 'doubleRestore',
    app: 'till',
    isQuick: false,
  },
  {
    what: 'a commit that is taken for failed when its reply is lost',
    planted: 'lostReplyIsAbort',
    app: 'shop',
    isQuick: false,
  },
  { what: 'a revoked task that is given up uncommitted', planted: 'revokedUncommitted', app: 'shop', isQuick: false },
  {
    what: 'output of lost tasks that is kept for the next commit',
    planted: 'lostOutputKept',
    app: 'till',
    isQuick: false,
  },
  { what: 'a task that is given away while it runs', planted: 'movesAtOnce', app: 'shop', isQuick: false },
  {
    what: 'a standby copy that goes on from where it has not been',
    planted: 'standbyAhead',
    app: 'till',
    isQuick: false,
  },
  { what: 'held back changes that are not restored', planted: 'bufferNotRestored', app: 'board', isQuick: true },
  {
    what: 'waiting records of joins that are not restored',
    planted: 'waitingNotRestored',
    app: 'post',
    isQuick: false,
  },
  { what: 'versions of rows that are not restored', planted: 'historyNotRestored', app: 'post', isQuick: true },
  {
    what: 'subscriptions of a join by foreign key that are not restored',
    planted: 'subscriptionsNotRestored',
    app: 'market',
    isQuick: false,
  },
  {
    what: 'calls at intervals that end with an aborted transaction',
    planted: 'scheduleLost',
    app: 'till',
    isQuick: false,
  },
  {
    what: 'calls at intervals that an aborted transaction doubles',
    planted: 'scheduleDoubled',
    app: 'till',
    isQuick: false,
  },
  { what: 'stream time that begins anew', planted: 'timeLost', app: 'till', isQuick: false },
]

/** The first seed that finds it; undefined where none does. */
export async function findingSeed({ planted, app }: Mistake): Promise<number | undefined> {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const { problems } = await runSeed(seed, { app, planted: { [planted]: true } })
    if (problems.length > 0) return seed
  }
  return undefined
}
