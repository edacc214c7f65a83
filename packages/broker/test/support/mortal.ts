import type { Clock } from '@millrace/base'
import type { BrokerStorage, StorageFile } from '../../src/core/storage/storage.ts'

/**
 * One life of a process on a storage and a clock that outlive it: it can be made to die between two writes. From then on
 * it writes nothing, and its timers do not fire.
 */
export class MortalProcess {
  readonly storage: BrokerStorage
  readonly clock: Clock
  #writesLeft = Number.POSITIVE_INFINITY

  constructor(storage: BrokerStorage, clock: Clock) {
    const write = (action: () => void): void => {
      this.#writesLeft--
      if (this.dead) throw new Error('the process has ended')
      action()
    }
    this.storage = {
      open: (path) => this.#file(storage.open(path), write),
      list: (folder) => storage.list(folder),
      readFile: (path) => storage.readFile(path),
      replaceFile: (path, bytes) => write(() => storage.replaceFile(path, bytes)),
      delete: (path) => write(() => storage.delete(path)),
      rename: (from, to) => write(() => storage.rename(from, to)),
      close() {},
    }
    this.clock = {
      now: () => clock.now(),
      after: (delayMs, callback) => clock.after(delayMs, () => this.dead || callback()),
    }
  }

  get dead(): boolean {
    return this.#writesLeft < 0
  }

  /** Dies at the write after so many; 0 at the next. */
  dieAfter(writes: number): void {
    this.#writesLeft = writes
  }

  die(): void {
    this.#writesLeft = -1
  }

  #file(inner: StorageFile, write: (action: () => void) => void): StorageFile {
    return {
      get size() {
        return inner.size
      },
      append: (bytes) => write(() => inner.append(bytes)),
      readAt: (position, length) => inner.readAt(position, length),
      truncate: (size) => {
        if (!this.dead) inner.truncate(size)
      },
      sync: (done) => {
        if (!this.dead) inner.sync((error) => this.dead || done(error))
      },
      syncNow: () => {
        if (!this.dead) inner.syncNow()
      },
      close: () => inner.close(),
    }
  }
}
