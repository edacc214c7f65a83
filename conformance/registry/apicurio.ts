import { spawn, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../support/free-port.ts'
import { mavenJars, outputOf } from '../support/maven-jars.ts'

const here = import.meta.dirname
const startTimeoutMs = 180_000

export interface Apicurio extends AsyncDisposable {
  /** Without path. */
  readonly url: string
  /** Of its API that is compatible with Confluent's. */
  readonly compatibleUrl: string
}

/** Starts Apicurio Registry with its state in memory. The first start fetches it with Maven. */
export async function startApicurio(): Promise<Apicurio> {
  const folder = unpacked()
  const port = await freePort()
  const [jar] = globSync('*-runner.jar', { cwd: folder })
  const settings = [`-Dquarkus.http.port=${port}`, '-Dquarkus.http.host=127.0.0.1', '-Dquarkus.log.level=WARN']
  const heap = ['-Xmx512m', '-XX:TieredStopAtLevel=1']
  const child = spawn('java', [...heap, ...settings, '-jar', jar!], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      log = (log + bytes.toString()).slice(-8_000)
    })
  }
  const url = `http://127.0.0.1:${port}`
  const compatibleUrl = `${url}/apis/ccompat/v7`
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    const answer = await fetch(`${compatibleUrl}/subjects`).catch(() => undefined)
    if (answer?.ok) break
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`Apicurio Registry does not start\n${log}`)
    }
    await delay(100)
  }
  return {
    url,
    compatibleUrl,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    },
  }
}

function unpacked(): string {
  const jars = mavenJars(join(here, 'apicurio'))
  const folder = `${jars}-unpacked`
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  const [archive] = globSync('*.tar.gz', { cwd: jars })
  const run = spawnSync('tar', ['xzf', join(jars, archive!), '-C', unfinished], { encoding: 'utf8' })
  if (run.status !== 0) throw new Error(`tar: ${outputOf(run)}`)
  if (existsSync(folder)) rmSync(unfinished, { recursive: true, force: true })
  else renameSync(unfinished, folder)
  return folder
}
