import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CertificateField, generate } from 'selfsigned'

/** A key and its certificate, in PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

/** An authority made for one test run; nothing of it outlives the run. */
export interface Authority {
  /** The authority's certificate, which clients and broker trust. */
  readonly cert: string
  /** A certificate for localhost and 127.0.0.1. */
  server(): Promise<Identity>
  /** A certificate for a person, from the most special part of the name to the most general one. */
  client(name: readonly (readonly [attribute: string, value: string])[]): Promise<Identity>
}

const days = 24 * 3600_000

export async function authority(commonName = 'Millrace test authority'): Promise<Authority> {
  const own = await generate([{ name: 'commonName', value: commonName }], {
    ...lifetime(),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const ca = { key: own.private, cert: own.cert }
  const signed = async (name: CertificateField[], server: boolean): Promise<Identity> => {
    const issued = await generate(name, {
      ...lifetime(),
      ca,
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        server ? { name: 'extKeyUsage', serverAuth: true } : { name: 'extKeyUsage', clientAuth: true },
        ...(server ? [{ name: 'subjectAltName' as const, altNames: localNames }] : []),
      ],
    })
    return { key: issued.private, cert: issued.cert }
  }
  return {
    cert: own.cert,
    server: () => signed([{ name: 'commonName', value: 'localhost' }], true),
    // Certificates hold names from the most general part on.
    client: (name) =>
      signed(
        [...name].reverse().map(([shortName, value]) => ({ shortName, value })),
        false,
      ),
  }
}

const localNames: { type: 2 | 7; value?: string; ip?: string }[] = [
  { type: 2, value: 'localhost' },
  { type: 7, ip: '127.0.0.1' },
]

function lifetime() {
  const notBeforeDate = new Date(Date.now() - days)
  return {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate: new Date(Date.now() + 2 * days),
  } as const
}

/** A folder that goes away, with what is written to it. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
  /** Writes a file; resolves with its path. */
  write(name: string, text: string): Promise<string>
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-security-'))
  return {
    path: folder,
    async write(name, text) {
      const path = join(folder, name)
      await writeFile(path, text, { mode: 0o600 })
      return path
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
