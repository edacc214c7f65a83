/** Attribute types that RFC 2253 has names for; all others are written as numbers. */
const knownTypes: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
}

const tag = { version: 0xa0, sequence: 0x30, set: 0x31 } as const

interface Element {
  readonly tag: number
  readonly content: Buffer
  /** The element with its header. */
  readonly whole: Buffer
  readonly end: number
}

/**
 * The subject of a certificate as Java prints it (RFC 2253, most special part first), which is what Kafka's ACLs and
 * mapping rules go by. Throws RangeError for bytes that are no certificate.
 *
 * @example
 * subjectName(socket.getPeerX509Certificate().raw) // CN=alice,OU=orders,O=Acme,C=DE
 */
export function subjectName(certificate: Buffer): string {
  const toBeSigned = elementAt(elementAt(certificate, 0).content, 0).content
  const fields = elementsOf(toBeSigned)
  // version (optional), serial number, signature, issuer, validity, subject
  const subject = fields[fields[0]?.tag === tag.version ? 5 : 4]
  if (subject?.tag !== tag.sequence) throw new RangeError('a certificate without a subject')
  return elementsOf(subject.content)
    .map((set) => elementsOf(set.content).map(attribute).join('+'))
    .reverse()
    .join(',')
}

function attribute({ content }: Element): string {
  const [type, value] = elementsOf(content)
  if (!type || !value) throw new RangeError('an attribute without a value')
  const oid = objectIdentifier(type.content)
  const name = knownTypes[oid]
  const text = name === undefined ? undefined : textOf(value)
  return text === undefined ? `${name ?? oid}=#${value.whole.toString('hex')}` : `${name}=${escaped(text)}`
}

/** UTF8String, PrintableString, TeletexString, IA5String, BMPString; undefined for what is no text. */
function textOf({ tag: kind, content }: Element): string | undefined {
  if (kind === 0x0c) return content.toString('utf8')
  if (kind === 0x13 || kind === 0x14 || kind === 0x16) return content.toString('latin1')
  return kind === 0x1e ? Buffer.from(content).swap16().toString('utf16le') : undefined
}

function escaped(text: string): string {
  return text.replaceAll(/[,=+<>#;"\\]/g, '\\$&').replaceAll(/^ +| +$/g, (spaces) => spaces.replaceAll(' ', '\\ '))
}

function objectIdentifier(bytes: Buffer): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of bytes) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte & 0x80) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...rest] = arcs
  const top = Math.min(2, Math.floor(first / 40))
  return [top, first - top * 40, ...rest].join('.')
}

function elementsOf(bytes: Buffer): Element[] {
  const elements: Element[] = []
  for (let at = 0; at < bytes.length; at = elements.at(-1)!.end) elements.push(elementAt(bytes, at))
  return elements
}

/** One DER element; throws RangeError where none is. */
function elementAt(bytes: Buffer, at: number): Element {
  const short = bytes.readUInt8(at + 1)
  const lengthBytes = short & 0x80 ? short & 0x7f : 0
  if (short === 0x80 || lengthBytes > 4) throw new RangeError('a length that DER does not have')
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(at + 2, lengthBytes)
  const start = at + 2 + lengthBytes
  const end = start + length
  if (end > bytes.length) throw new RangeError('an element longer than its bytes')
  return { tag: bytes.readUInt8(at), content: bytes.subarray(start, end), whole: bytes.subarray(at, end), end }
}
