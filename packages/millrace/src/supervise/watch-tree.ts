import { type Dirent, type FSWatcher, readdirSync, watch } from 'node:fs'
import { join, relative } from 'node:path'

export interface WatchTreeOptions {
  /** Folders that are not looked into, relative to the root. */
  readonly isIgnored: (folder: string) => boolean
  /** A file that was written, replaced, made or removed, relative to the root. */
  readonly onChange: (file: string) => void
}

/**
 * Watches the files below a folder, those of folders that are made later too. Each folder has a watcher of its own, because
 * Node's recursive one holds on to files instead of names on Linux: it sees the first replacement by a rename, which is how
 * `sed -i` and many editors save, and then watches a file that is nowhere any more.
 */
export function watchTree(root: string, { isIgnored, onChange }: WatchTreeOptions): Disposable {
  const watchers = new Map<string, FSWatcher>()

  function forget(folder: string): void {
    for (const [path, watcher] of watchers) {
      if (path !== folder && !path.startsWith(join(folder, '/'))) continue
      watcher.close()
      watchers.delete(path)
    }
  }

  /** What is found in a folder that is new may have been written before it was watched. */
  function add(folder: string, isNew: boolean): void {
    if (watchers.has(folder)) return
    const entries = entriesOf(folder)
    if (entries === undefined) return
    try {
      const watcher = watch(folder, (_, name) => {
        if (name !== null) changed(join(folder, name))
      })
      watcher.on('error', () => forget(folder))
      watchers.set(folder, watcher)
    } catch {
      // Gone since it was read; any other folder goes on being watched.
      return
    }
    // Read again: what came between reading and watching would be seen by nobody.
    for (const entry of entriesOf(folder) ?? []) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) enter(path, isNew)
      else if (isNew) onChange(relative(root, path))
    }
  }

  function enter(folder: string, isNew: boolean): void {
    if (!isIgnored(relative(root, folder))) add(folder, isNew)
  }

  function changed(path: string): void {
    // A folder under the name of one that was moved away is another one.
    if (watchers.has(path) && path !== root) forget(path)
    if (entriesOf(path) === undefined) onChange(relative(root, path))
    else enter(path, true)
  }

  add(root, false)
  return { [Symbol.dispose]: () => forget(root) }
}

/** Undefined where it is no folder. */
function entriesOf(path: string): Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    return undefined
  }
}
