import { copyFile, type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { connectError } from '../../errors.ts'

const version = 1
const statePattern = /^\.state-(\d+)\.json$/
const openSuffix = '.open'

/** What is durable of a partition's files. */
interface FolderState {
  readonly version: number
  /** Where the next batch begins; null before the first. */
  readonly nextOffset: number | null
  /** The file that is being written, and how much of it counts; null between two files. */
  readonly file: string | null
  readonly bytes: number
  /** Of the topic whose offsets these are; missing in what was written before it was noted. */
  readonly topicId?: string
}

const empty: FolderState = { version, nextOffset: null, file: null, bytes: 0 }

/**
 * The files of one partition: `<first offset>.jsonl`, the youngest with `.open` at its end while it grows.
 *
 * A batch counts once a state file says so, which is replaced at once (written beside, synced, renamed) after the batch's
 * own bytes are on disk; what lies beyond is cut off by whoever opens the folder next. State files carry an epoch: who takes
 * over begins a higher one, copies the open file and removes the original, so that a predecessor that is still alive writes
 * into a file that has no name any more, and a state that nobody reads.
 */
export class PartitionFolder {
  readonly #folder: string
  readonly #epoch: number
  readonly #maxFileBytes: number
  #state: FolderState
  #handle: FileHandle | undefined

  private constructor(folder: string, epoch: number, state: FolderState, maxFileBytes: number) {
    this.#folder = folder
    this.#epoch = epoch
    this.#state = state
    this.#maxFileBytes = maxFileBytes
  }

  /** Takes the partition of the topic with this id over. @throws CONNECT_FILES_OF_OTHER_TOPIC */
  static async claim(folder: string, topicId: string, maxFileBytes: number): Promise<PartitionFolder> {
    await mkdir(folder, { recursive: true })
    const epochs = await epochsIn(folder)
    const last = epochs.at(-1) ?? 0
    const epoch = last + 1
    // Made for one only: of two that take over at once the second fails and tries again.
    const mark = await open(statePath(folder, epoch), 'wx')
    await mark.close()
    const state = await lastState(folder, epochs)
    if (state.version > version) {
      const message = `${folder} has a state of format version ${state.version}; this one reads ${version}`
      throw connectError('CONNECT_POSITION_INVALID', message, { folder })
    }
    if (state.topicId !== undefined && state.topicId !== topicId) {
      await rm(statePath(folder, epoch))
      const message = `${folder} holds records of a topic of the same name that was deleted: its id was ${state.topicId}, that of this one is ${topicId}`
      throw connectError('CONNECT_FILES_OF_OTHER_TOPIC', message, { folder })
    }
    const claimed = new PartitionFolder(folder, epoch, state, maxFileBytes)
    // First: from here on it is this state that the open file is compared with, whoever dies in between.
    await claimed.#writeState({ ...state, topicId })
    await claimed.#takeOver()
    for (const old of epochs) await rm(statePath(folder, old), { force: true })
    return claimed
  }

  get nextOffset(): number | undefined {
    return this.#state.nextOffset ?? undefined
  }

  /** Adds lines and moves the offset, both or neither. */
  async append(lines: string, firstOffset: number, nextOffset: number): Promise<void> {
    const data = Buffer.from(lines)
    let { file, bytes } = this.#state
    if (data.length > 0) {
      file ??= `${String(firstOffset).padStart(20, '0')}.jsonl`
      this.#handle ??= await open(join(this.#folder, file + openSuffix), 'a')
      // What an attempt before this one left.
      await this.#handle.truncate(bytes)
      await this.#handle.appendFile(data)
      await this.#handle.datasync()
      bytes += data.length
    }
    await this.#checkEpoch()
    await this.#writeState({ ...this.#state, version, nextOffset, file, bytes })
    if (file !== null && bytes >= this.#maxFileBytes) await this.#finish(file)
  }

  async close(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  /** The file is complete: from now on it is found under its own name. */
  async #finish(file: string): Promise<void> {
    await this.close()
    // First: a state without a file leaves no doubt about one that has lost its ending already.
    await this.#writeState({ ...this.#state, file: null, bytes: 0 })
    await rename(join(this.#folder, file + openSuffix), join(this.#folder, file))
  }

  async #takeOver(): Promise<void> {
    const { file, bytes } = this.#state
    for (const name of await readdir(this.#folder)) {
      if (!name.endsWith(openSuffix)) continue
      const path = join(this.#folder, name)
      const own = name.slice(0, -openSuffix.length)
      if (own === file) {
        await copyFile(path, `${path}.copy`)
        await truncate(`${path}.copy`, bytes)
        await syncFile(`${path}.copy`)
        await rename(`${path}.copy`, path)
      } else if (Number.parseInt(own, 10) < (this.#state.nextOffset ?? 0)) {
        // Complete, and the process died before it had its name.
        await rename(path, join(this.#folder, own))
      } else {
        // Of a first batch that does not count.
        await rm(path)
      }
    }
    if (file !== null && (await sizeOf(join(this.#folder, file + openSuffix))) !== bytes) {
      throw connectError(
        'CONNECT_TABLE_DROPPED',
        `${file} in ${this.#folder} is gone or shorter than what was written`,
        {
          table: join(this.#folder, file),
        },
      )
    }
  }

  async #checkEpoch(): Promise<void> {
    const epochs = await epochsIn(this.#folder)
    if (epochs.at(-1) === this.#epoch) return
    throw connectError('CONNECT_SINK_FENCED', `${this.#folder} was claimed by another instance`, {
      folder: this.#folder,
    })
  }

  async #writeState(state: FolderState): Promise<void> {
    const path = statePath(this.#folder, this.#epoch)
    const handle = await open(`${path}.new`, 'w')
    try {
      await handle.writeFile(JSON.stringify(state))
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(`${path}.new`, path)
    await syncFile(this.#folder)
    this.#state = state
  }
}

function statePath(folder: string, epoch: number): string {
  return join(folder, `.state-${epoch}.json`)
}

/** Ascending. */
async function epochsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder)
  return names.flatMap((name) => Number(statePattern.exec(name)?.[1] ?? [])).sort((a, b) => a - b)
}

/** Of the youngest epoch that came to write one. */
async function lastState(folder: string, epochs: readonly number[]): Promise<FolderState> {
  for (const epoch of [...epochs].reverse()) {
    const text = await readFile(statePath(folder, epoch), 'utf8')
    if (text !== '') return JSON.parse(text) as FolderState
  }
  return empty
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  )
}

/** Of a folder: the names in it. */
async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
