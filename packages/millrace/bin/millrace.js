#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(`millrace needs Node 22.18 or newer, this is ${process.version}. In a checkout use "npx millrace".`)
  process.exit(1)
}
// In the environment, so that workers and child processes find what this process compiled.
process.env.NODE_COMPILE_CACHE ??= module.enableCompileCache?.().directory ?? ''

// A checkout has the sources and runs them; the published package has only dist.
const source = new URL('../src/cli/main.ts', import.meta.url)
if (!existsSync(source)) {
  const { main } = await import('../dist/cli/main.js')
  await main(process.argv)
} else if (process.execArgv.includes('--conditions=source') || process.execve === undefined) {
  const { main } = await import(source.href)
  await main(process.argv)
} else {
  const [node, , ...rest] = process.argv
  process.execve(process.execPath, [node, '--conditions=source', fileURLToPath(import.meta.url), ...rest], process.env)
}
