import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { drizzleOut } from './detect.ts'
import { existing } from './project.ts'

/** Where the tools keep migrations. */
const folders = ['migrations', 'src/migrations', 'src/migration', 'migration', 'src/db/migrations', 'prisma/migrations']

/**
 * The layout of the outbox that migrations of earlier runs make, by the comment that they put on the table.
 *
 * @returns undefined where there is no such migration, infinity where one of them says nothing of a layout any more
 */
export function writtenLayout(): number | undefined {
  const files = [...new Set([...folders, drizzleOut()])].filter((folder) => existing(folder)).flatMap(migrationsIn)
  if (files.length === 0) return undefined
  const versions = files.map((path) => /millrace outbox, version (\d+)/.exec(readFileSync(path, 'utf8'))?.[1])
  const told = versions.filter((version) => version !== undefined)
  return told.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...told.map(Number))
}

function migrationsIn(folder: string): string[] {
  const names = readdirSync(folder, { encoding: 'utf8', recursive: true })
  const own = names.filter((name) => /millrace[_-]outbox|-MillraceOutbox/.test(name)).map((name) => join(folder, name))
  return own.filter((path) => statSync(path).isFile())
}
