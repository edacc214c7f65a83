import type { Clock } from '@millrace/base'
import type { BrokerStorage, StorageFile } from '../../src/core/storage/storage.ts'

/** A process that has a storage open, and may die. */
interface Life {
  readonly dead: boolean
  /** Called before each write; throws when the process dies of it. */
  beforeWrite(): void
  /** Says that bytes are on the device which are not. */
  readonly syncLies?: boolean
}

/** A storage as a process has it: with its death nothing more is written, and no sync is answered. */
export function mortalStorage(storage: BrokerStorage, life: Life): BrokerStorage {
  return {
    open: (path) => mortalFile(storage.open(path), life),
    list: (folder) => storage.list(folder),
    readFile: (path) => storage.readFile(path),
    replaceFile(path, bytes) {
      life.beforeWrite()
      storage.replaceFile(path, bytes)
    },
    delete(path) {
      life.beforeWrite()
      storage.delete(path)
    },
    rename(from, to) {
      life.beforeWrite()
      storage.rename(from, to)
    },
    close() {},
  }
}

function mortalFile(inner: StorageFile, life: Life): StorageFile {
  return {
    get size() {
      return inner.size
    },
    append(bytes) {
      life.beforeWrite()
      inner.append(bytes)
    },
    readAt: (position, length) => inner.readAt(position, length),
    truncate(size) {
      if (!life.dead) inner.truncate(size)
    },
    sync(done) {
      if (life.dead) return
      if (life.syncLies) done()
      else inner.sync((error) => life.dead || done(error))
    },
    syncNow() {
      if (!life.dead && !life.syncLies) inner.syncNow()
    },
    close: () => inner.close(),
  }
}

/**
 * One life of a process on a storage and a clock that outlive it: it can be made to die between two writes. From then on
 * it writes nothing, and its timers do not fire.
 */
export class MortalProcess implements Life {
  readonly storage: BrokerStorage
  readonly clock: Clock
  #writesLeft = Number.POSITIVE_INFINITY

  constructor(storage: BrokerStorage, clock: Clock) {
    this.storage = mortalStorage(storage, this)
    this.clock = {
      now: () => clock.now(),
      after: (delayMs, callback) => clock.after(delayMs, () => this.dead || callback()),
    }
  }

  get dead(): boolean {
    return this.#writesLeft < 0
  }

  beforeWrite(): void {
    this.#writesLeft--
    if (this.dead) throw new Error('the process has ended')
  }

  /** Dies at the write after so many; 0 at the next. */
  dieAfter(writes: number): void {
    this.#writesLeft = writes
  }

  die(): void {
    this.#writesLeft = -1
  }
}
