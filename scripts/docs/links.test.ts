import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '../..')

function trackedPages(): string[] {
  const listed = spawnSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' })
  return listed.stdout.split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
}

test('links between pages and paths in the text lead somewhere', () => {
  const broken: string[] = []
  for (const page of trackedPages()) {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[\s\S]*?```/g, '')
    const links = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) =>
      resolve(root, dirname(page), match[1] ?? ''),
    )
    const paths = [
      ...text.matchAll(/`((?:packages|examples|scripts|conformance|benchmarks|docs)\/[\w./-]+\.\w+)`/g),
    ].map((match) => resolve(root, match[1] ?? ''))
    for (const target of [...links, ...paths])
      if (!existsSync(target)) broken.push(`${page}: ${target.slice(root.length)}`)
  }
  assert.deepEqual(broken, [])
})
