import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Dialect } from '@millrace/outbox'
import { millraceError } from '../../errors.ts'

export interface Manifest {
  readonly type?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
}

/** What a command adds to a project: files that are not there yet, and text at the end of files that are. */
export interface ProjectFile {
  readonly path: string
  readonly text: string
  /** Added at the end of an existing file, unless it is in there already. */
  readonly appends?: boolean
  /** Changes an existing file instead; undefined where its text is not what it was written as. */
  readonly edit?: (there: string) => string | undefined
  /** What is to be done by hand then. */
  readonly byHand?: string
}

/** What became of a file; `to do` where it could not be changed. */
export type Written = 'created' | 'extended' | 'kept' | 'to do'

/** The project in the working directory, as far as its tools show in it. */
export interface Project {
  readonly manifest: Manifest
  readonly tool: DatabaseTool
  readonly dialect: Dialect
  readonly now: Date
  readonly migration: Migration
}

/** The migration that the project lacks, a statement each. */
export interface Migration {
  /** Layout of the outbox that the project's migrations make so far; undefined before the first of them. */
  readonly from: number | undefined
  readonly up: readonly string[]
  readonly down: readonly string[]
}

export const databaseTools = ['sql', 'prisma', 'drizzle', 'typeorm', 'knex', 'kysely'] as const

/** Whose form the migrations have; `sql` is plain SQL. */
export type DatabaseTool = (typeof databaseTools)[number]

/** @throws PROJECT_NOT_FOUND where there is no package.json */
export function readManifest(): Manifest {
  const path = join(process.cwd(), 'package.json')
  if (!existsSync(path)) throw millraceError('PROJECT_NOT_FOUND', `no package.json in ${process.cwd()}`)
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

export function has({ dependencies, devDependencies }: Manifest, name: string): boolean {
  return dependencies?.[name] !== undefined || devDependencies?.[name] !== undefined
}

/** The project's files are TypeScript that Node runs; where package.json says commonjs, `.mts` says module. */
export function extensionOf({ type }: Manifest): 'ts' | 'mts' {
  return type === 'module' ? 'ts' : 'mts'
}

/** Writes what is missing; tells what was done with the path. */
export function writeFile({ path, text, appends, edit }: ProjectFile): Written {
  if (edit) return editFile(path, edit)
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: 'wx' })
    return 'created'
  }
  if (!appends) return 'kept'
  const there = readFileSync(path, 'utf8')
  if (there.includes(text.trim())) return 'kept'
  writeFileSync(path, `${there}${there === '' || there.endsWith('\n') ? '' : '\n'}${text}`)
  return 'extended'
}

function editFile(path: string, edit: (there: string) => string | undefined): Written {
  if (!existsSync(path)) return 'to do'
  const there = readFileSync(path, 'utf8')
  const edited = edit(there)
  if (edited === undefined || edited === there) return edited === undefined ? 'to do' : 'kept'
  writeFileSync(path, edited)
  return 'extended'
}

/** The first of these paths that exists. */
export function existing(...paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path))
}
