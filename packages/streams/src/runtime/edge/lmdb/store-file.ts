import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'

/** LMDB's own layout: the header of a page, then the meta structure: magic, version, address, map size, page size. */
const pageHeaderBytes = 24
const lmdbMagic = 0xbeefc0de

/**
 * Whether both of LMDB's meta pages (at 0 and one page further) carry its magic number, or the file is new. The library
 * checks this too, but then takes the process down.
 */
export function isStoreFile(path: string): boolean {
  if (!existsSync(path) || statSync(path).size === 0) return true
  const file = openSync(path, 'r')
  try {
    const header = Buffer.alloc(pageHeaderBytes + 32)
    const magicAt = (position: number): boolean =>
      readSync(file, header, 0, header.length, position) === header.length &&
      header.readUInt32LE(pageHeaderBytes) === lmdbMagic
    return magicAt(0) && magicAt(header.readUInt32LE(pageHeaderBytes + 24))
  } finally {
    closeSync(file)
  }
}
