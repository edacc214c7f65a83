import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { mavenJars, outputOf } from '../support/maven-jars.ts'

const here = import.meta.dirname
const heapFlags = ['-Xmx512m', '-XX:TieredStopAtLevel=1']

/** Arguments of `java` that run a class of these folders, by the class' name; the first call fetches the jars with Maven. */
export function javaArguments(...folders: readonly string[]): string[] {
  const jars = join(mavenJars(here), '*')
  const sources = folders.map((folder) => join(here, folder))
  return [...heapFlags, '-cp', `${jars}:${compiled(jars, sources)}`]
}

/** The folder with the classes of the sources, compiled anew when one of them has changed. */
function compiled(jars: string, sources: readonly string[]): string {
  const files = sources.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.java'))
      .sort()
      .map((name) => join(folder, name)),
  )
  const digest = createHash('sha256').update(jars)
  for (const file of files) digest.update(readFileSync(file))
  const classes = join(here, 'target', `classes-${digest.digest('hex').slice(0, 12)}`)
  if (existsSync(classes)) return classes
  const unfinished = `${classes}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  const run = spawnSync('javac', ['-proc:none', '-cp', jars, '-d', unfinished, ...files], { encoding: 'utf8' })
  if (run.status !== 0) {
    rmSync(unfinished, { recursive: true, force: true })
    throw new Error(`javac: ${outputOf(run)}`)
  }
  // Another test file may have been faster.
  if (existsSync(classes)) rmSync(unfinished, { recursive: true, force: true })
  else renameSync(unfinished, classes)
  return classes
}
