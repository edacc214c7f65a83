import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { watchTree } from './watch-tree.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'millrace-watch-'))
  mkdirSync(join(root, 'src'))
  mkdirSync(join(root, 'data'))
  writeFileSync(join(root, 'src/app.ts'), 'old')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Each step must be seen, and seen before the next is taken. */
async function seen(steps: readonly (readonly [step: () => void, file: string])[]): Promise<void> {
  const files: string[] = []
  using _watcher = watchTree(root, {
    isIgnored: (path) => basename(path) === 'data',
    onChange: (file) => files.push(file),
  })
  for (const [step, file] of steps) {
    // What the steps before have still to tell is not this one's.
    await delay(50)
    files.length = 0
    step()
    for (const deadline = Date.now() + 5_000; !files.includes(file) && Date.now() < deadline; ) await delay(5)
    assert.ok(files.includes(file), `${file} is told of, not only ${files}`)
  }
}

const replace = (): void => {
  writeFileSync(join(root, 'src/app.ts.new'), 'new')
  renameSync(join(root, 'src/app.ts.new'), join(root, 'src/app.ts'))
}

test('a file that is replaced by a rename is told of every time', () =>
  seen([
    [replace, 'src/app.ts'],
    [replace, 'src/app.ts'],
    [() => writeFileSync(join(root, 'src/app.ts'), 'in place'), 'src/app.ts'],
    [replace, 'src/app.ts'],
  ]))

test('files of folders that are made later, moved and made anew are told of', () => {
  const make = (): void => {
    mkdirSync(join(root, 'later/deep'), { recursive: true })
    writeFileSync(join(root, 'later/deep/one.ts'), '')
  }
  return seen([
    [make, 'later/deep/one.ts'],
    [() => writeFileSync(join(root, 'later/deep/one.ts'), 'again'), 'later/deep/one.ts'],
    [() => renameSync(join(root, 'later'), join(root, 'moved')), 'moved/deep/one.ts'],
    [make, 'later/deep/one.ts'],
    [() => writeFileSync(join(root, 'later/deep/one.ts'), 'again'), 'later/deep/one.ts'],
    [() => rmSync(join(root, 'later/deep/one.ts')), 'later/deep/one.ts'],
  ])
})

test('nothing is told of folders that are ignored', async () => {
  const files: string[] = []
  using _watcher = watchTree(root, {
    isIgnored: (path) => basename(path) === 'data',
    onChange: (file) => files.push(file),
  })
  writeFileSync(join(root, 'data/log.json'), '')
  await delay(100)
  assert.deepEqual(files, [])
})
