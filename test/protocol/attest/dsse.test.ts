// guards: src/protocol/attest/only-pem.ts
import t from 'tap'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import {
  assertSigned,
  type CarrierKey,
  generateCarrierKeys,
  readSignerKey,
  readSigningKey,
  signDocument,
} from '../../../src/protocol/attest/dsse.ts'
import { LARGEST_ENVELOPE } from '../../../src/protocol/attest/envelope.ts'

const DOCUMENT = { name: 'manifest.json', sha256: sha256Of('manifest') }

function given(key: CarrierKey | undefined): CarrierKey {
  if (key === undefined) throw new Error('a test names keys that can be read')
  return key
}

function pair(): { readonly signing: CarrierKey; readonly signer: CarrierKey } {
  const { privatePem, publicPem } = generateCarrierKeys()
  return { signing: given(readSigningKey(privatePem)), signer: given(readSignerKey(publicPem)) }
}

const { signing, signer } = pair()
const ENVELOPE = signDocument(DOCUMENT, signing)

t.test('what was signed verifies, with the same bytes each time', async t => {
  t.equal(signing.id, signer.id)
  t.ok(signDocument(DOCUMENT, signing).equals(ENVELOPE))
  t.ok(ENVELOPE.length < LARGEST_ENVELOPE)
  t.doesNotThrow(() => assertSigned(ENVELOPE, DOCUMENT, signer))
})

t.test('another key, another document and another spelling do not', async t => {
  const refused =
    (envelope: Uint8Array, document = DOCUMENT, key = signer) =>
    () =>
      assertSigned(envelope, document, key)
  const broken = { name: 'ImportRefusal', code: 'signature-invalid' }
  t.throws(refused(ENVELOPE, DOCUMENT, pair().signer), { name: 'ImportRefusal', code: 'signer-foreign' })
  t.throws(refused(ENVELOPE, { ...DOCUMENT, name: 'other.json' }), broken)
  t.throws(refused(ENVELOPE, { ...DOCUMENT, sha256: sha256Of('other') }), broken)
  const text = ENVELOPE.toString()
  const spellings = [
    text.trimEnd(),
    ` ${text}`,
    text.replace('{', '{ '),
    text.replace('{', '{"more":1,'),
    '',
    '[]',
    '{}',
  ]
  for (const spelling of spellings) t.throws(refused(Buffer.from(spelling)), broken, spelling.slice(0, 20))
  const { payload, ...rest } = JSON.parse(text)
  const changed = Buffer.from(payload, 'base64').toString().replace('manifest.json', 'manifesT.json')
  const forged = `${JSON.stringify({ payload: Buffer.from(changed).toString('base64'), ...rest })}\n`
  t.throws(refused(Buffer.from(forged)), broken, 'a payload that was changed')
})

t.test('a key of another kind is none, and what signs does not vouch', async t => {
  const { privatePem, publicPem } = generateCarrierKeys()
  t.equal(readSignerKey(privatePem), undefined)
  t.equal(readSigningKey(publicPem), undefined)
  const other = generateCarrierKeys()
  t.equal(readSigningKey(`${privatePem}${other.privatePem}`), undefined, 'two: nobody knows which')
  t.equal(readSignerKey(`${publicPem}${other.publicPem}`), undefined)
  for (const text of ['', 'x', publicPem.slice(0, 60)]) t.equal(readSignerKey(text), undefined)
})
