import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigProviders } from './config-providers.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'open'))
writeFileSync(join(folder, 'open', 'db.properties'), 'user = svc\npassword=s\\u00fc\\=ss\n')
writeFileSync(join(folder, 'open', 'token'), 'abc123\n')
writeFileSync(join(folder, 'shut.properties'), 'password=other')
symlinkSync(join(folder, 'shut.properties'), join(folder, 'open', 'link.properties'))

const classes = 'org.apache.kafka.common.config.provider'
const worker = {
  'config.providers': 'file, env, directory',
  'config.providers.file.class': `${classes}.FileConfigProvider`,
  'config.providers.file.param.allowed.paths': join(folder, 'open'),
  'config.providers.env.class': `${classes}.EnvVarConfigProvider`,
  'config.providers.env.param.allowlist.pattern': 'DB_.*',
  'config.providers.directory.class': `${classes}.DirectoryConfigProvider`,
}
const providers = new ConfigProviders(worker, { DB_HOST: 'db.internal', OTHER: 'secret' })
const ref = (text: string) => `\${${text}}`

test('references to files, variables and folders are filled in', () => {
  const file = join(folder, 'open', 'db.properties')
  assert.deepEqual(
    providers.resolve({
      url: `postgres://${ref(`file:${file}:user`)}@${ref('env:DB_HOST')}/x`,
      password: ref(`file:${file}:password`),
      token: ref(`directory:${join(folder, 'open')}:token`),
      plain: `${ref('topic')}-{x:y} $1`,
    }),
    { url: 'postgres://svc@db.internal/x', password: 'sü=ss', token: 'abc123\n', plain: `${ref('topic')}-{x:y} $1` },
  )
})

test('what was filled in is hidden in texts for people', () => {
  providers.resolve({ host: ref('env:DB_HOST') })
  assert.equal(providers.mask('connection to db.internal:5432 refused'), 'connection to [hidden]:5432 refused')
})

test('so are the forms that parsing and addresses make of it, and the longer of two that begin alike', () => {
  const open = join(folder, 'open')
  writeFileSync(join(open, 'more'), 'abc123-and more\n')
  const own = new ConfigProviders(worker, {})
  own.resolve({ token: ref(`directory:${open}:token`), more: ref(`directory:${open}:more`) })
  assert.equal(own.mask('token abc123, postgres://x:abc123-and%20more@db'), 'token [hidden], postgres://x:[hidden]@db')
  assert.equal(own.mask('"abc123-and more"'), '"[hidden]"')
})

test('a reference that leads nowhere is an error that names it, and no other way leads to a file', () => {
  const open = join(folder, 'open')
  const cases: readonly (readonly [reference: string, problem: RegExp])[] = [
    [`file:${open}/db.properties:pasword`, /no key pasword/],
    [`file:${open}/none.properties:a`, /cannot be read \(ENOENT\)/],
    [`file:${folder}/shut.properties:password`, /allowed\.paths does not allow/],
    [`file:${open}/../shut.properties:password`, /allowed\.paths does not allow/],
    [`file:${open}/link.properties:password`, /allowed\.paths does not allow/],
    ['env:DB_NONE', /DB_NONE is not set/],
    ['env:OTHER', /does not allow OTHER/],
    ['env:path:DB_HOST', /have no path/],
    [`directory:${open}:../shut.properties`, /not the name of a file/],
    ['vault:secret/db:password', /config\.providers does not name vault/],
  ]
  for (const [text, message] of cases) {
    assert.throws(() => providers.resolve({ password: ref(text) }), { code: 'CONNECT_SECRET_MISSING', message })
  }
})

test('providers that are not known or told something unknown are refused', () => {
  const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ 'config.providers': 'vault', 'config.providers.vault.class': 'com.example.Vault' }, /not com\.example\.Vault/],
    [{ ...worker, 'config.providers.file.param.allowed.path': '/' }, /did you mean param\.allowed\.paths/],
    [{ 'config.providers.file.class': `${classes}.FileConfigProvider` }, /does not name/],
    [{ ...worker, 'config.providers.env.param.allowlist.pattern': '[' }, /Invalid regex/],
  ]
  for (const [properties, message] of wrong) {
    assert.throws(() => new ConfigProviders(properties, {}), { code: 'CONNECT_CONFIG_INVALID', message })
  }
})
