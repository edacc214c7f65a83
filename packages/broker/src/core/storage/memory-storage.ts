import { ChunkedBytes } from './chunked-bytes.ts'
import type { BrokerStorage, StorageFile } from './storage.ts'

/** Keeps everything in memory; what it holds is gone with it. */
export function memoryStorage(): BrokerStorage {
  const files = new Map<string, ChunkedBytes>()

  const open = (path: string): StorageFile => {
    const current = (): ChunkedBytes | undefined => files.get(path)
    return {
      get size() {
        return current()?.size ?? 0
      },
      append(bytes) {
        let content = current()
        if (!content) {
          content = new ChunkedBytes()
          files.set(path, content)
        }
        content.append(bytes)
      },
      readAt: (position, length) => current()?.read(position, length) ?? Buffer.alloc(0),
      truncate: (size) => current()?.truncate(size),
      sync: (done) => done(),
      syncNow() {},
      close() {},
    }
  }

  return {
    open,
    list: (folder) => childNames(files.keys(), folder),
    readFile(path) {
      const content = files.get(path)
      return content && Buffer.from(content.read(0, content.size))
    },
    replaceFile(path, bytes) {
      const content = new ChunkedBytes()
      content.append(bytes)
      files.set(path, content)
    },
    delete(path) {
      for (const name of pathsUnder(files.keys(), path)) files.delete(name)
    },
    rename(from, to) {
      for (const name of pathsUnder(files.keys(), from)) {
        files.set(to + name.slice(from.length), files.get(name)!)
        files.delete(name)
      }
    },
    close() {},
  }
}

/** The first path elements below `folder`, each once. */
export function childNames(paths: Iterable<string>, folder: string): string[] {
  const prefix = folder === '' ? '' : `${folder}/`
  const names = new Set<string>()
  for (const path of paths) {
    if (path.startsWith(prefix)) names.add(path.slice(prefix.length).split('/', 1)[0]!)
  }
  return [...names]
}

/** `path` itself and everything below it. */
export function pathsUnder(paths: Iterable<string>, path: string): string[] {
  return [...paths].filter((name) => name === path || name.startsWith(`${path}/`))
}
