import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * Why no browser can run here, or undefined when one can; the `skip` of a test. With MILLRACE_REQUIRE_BROWSER=1 it is always
 * undefined, so that a missing browser is a failure.
 */
export function browserMissing(): string | undefined {
  if (process.env.MILLRACE_REQUIRE_BROWSER === '1' || find() !== undefined) return undefined
  return 'no Chromium on the path: apt-get install chromium (MILLRACE_REQUIRE_BROWSER=1 makes this a failure)'
}

function find(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
}

/** Opens a page in a Chromium of its own, without a window and with nothing remembered. It ends with `dispose`. */
export function openPage(url: string): AsyncDisposable {
  const path = find()
  if (path === undefined) throw new Error('no Chromium is installed')
  const profile = mkdtempSync(join(tmpdir(), 'millrace-browser-'))
  const options = ['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage']
  const child = spawn(path, [...options, `--user-data-dir=${profile}`, url], { stdio: 'ignore', detached: true })
  const killAtExit = (): void => end(child)
  process.once('exit', killAtExit)
  return {
    async [Symbol.asyncDispose]() {
      process.off('exit', killAtExit)
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      end(child)
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    },
  }
}

/** With the processes that it has started: they are its group. */
function end({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
