import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { brokerError } from '../errors.ts'

/**
 * Makes a folder and those above it. Throws BROKER_STORAGE_FAILED where the system refuses. Node's own recursive way never
 * returns where a folder that is there answers ENOENT for what is in it, as `/proc` does.
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
    const parent = dirname(folder)
    if (code !== 'ENOENT' || existsSync(parent)) {
      throw brokerError('BROKER_STORAGE_FAILED', `the folder ${folder} cannot be made`, { folder }, error)
    }
    makeFolder(parent)
    makeFolder(folder)
  }
}
