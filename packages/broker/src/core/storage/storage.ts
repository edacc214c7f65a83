import { ExternalBytes, type MessagePart } from '@millrace/protocol'
import { brokerError } from '../../errors.ts'

/**
 * A stretch of a file that is neither overwritten nor cut any more. Its bytes stay readable until `release`, also when the
 * file is deleted or another takes its name meanwhile.
 */
export abstract class FileRange extends ExternalBytes {
  /** Copies bytes from `position` within the range on into `target`; returns how many. Throws what the device says. */
  abstract readInto(target: Buffer, position: number): number
  /** To be called once, after the last read. */
  abstract release(): void

  /** All of it in memory, and released. Throws BROKER_STORAGE_FAILED when the file has become shorter. */
  toBuffer(): Buffer {
    try {
      const bytes = Buffer.allocUnsafeSlow(this.length)
      for (let filled = 0; filled < bytes.length; ) {
        const count = this.readInto(bytes.subarray(filled), filled)
        if (count === 0) throw brokerError('BROKER_STORAGE_FAILED', 'a file of the log is shorter than it was')
        filled += count
      }
      return bytes
    } finally {
      this.release()
    }
  }
}

/** Gives up the ranges among the parts of an answer that is not sent. */
export function releaseParts(parts: Iterable<MessagePart>): void {
  for (const part of parts) if (part instanceof FileRange) part.release()
}

/**
 * One append-only file. Calls are synchronous except `sync`, whose answer comes when the device has the bytes.
 * Calls throw what the device says (an `Error` with a `code` such as `ENOSPC`).
 */
export interface StorageFile {
  readonly size: number
  /** When it throws, a part may have been written: the caller truncates back to the size it knew. */
  append(bytes: Uint8Array): void
  /** Up to `length` bytes from `position`; shorter at the end of the file. The result is the caller's to keep, not to change. */
  readAt(position: number, length: number): Buffer
  /**
   * A stretch of the file to be read while it is sent. Left out where reading costs nothing because the bytes are in memory.
   * Whoever asks for it releases it, and asks only for what no `truncate` will take.
   */
  range?(position: number, length: number): FileRange
  truncate(size: number): void
  /** Calls `done` once everything appended before this call survives a power loss. May call it before it returns. */
  sync(done: (error?: Error) => void): void
  /** The same, waiting for the device: for the last moments of a clean stop. */
  syncNow(): void
  /** Frees what the file holds open; a later call opens it again. */
  close(): void
}

/** Where a broker keeps its bytes. Paths are relative, separated by `/`. */
export interface BrokerStorage {
  /** The folder as an administrator knows it; undefined where the bytes are in memory. */
  readonly location?: string
  /** Size and room of the device, in bytes; undefined when it does not say. */
  space?(): { readonly totalBytes: number; readonly usableBytes: number } | undefined
  /** Opens a file for appending; it and its folders are created at the first append. */
  open(path: string): StorageFile
  /** Names of the files and folders in a folder; empty when it does not exist. */
  list(folder: string): string[]
  readFile(path: string): Buffer | undefined
  /** Replaces a small file as a whole: after a crash either the old or the new content is there. Durable on return. */
  replaceFile(path: string, bytes: Uint8Array): void
  /** Removes a file, or a folder with all that is in it; nothing happens when it does not exist. */
  delete(path: string): void
  rename(from: string, to: string): void
  /** Calls `done` once renames and deletions in a folder survive a power loss. Left out where they do at once. */
  syncFolder?(path: string, done: (error?: Error) => void): void
  close(): void
}
