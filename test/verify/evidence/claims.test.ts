import t from 'tap'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import { encodeDer } from '../../world/signing/certificate-authority.ts'
import { FULCIO, judgeAltered } from './signed-attestations.ts'

/** A raw Fulcio extension in the place of the right one. */
const rawClaim = (number: number, der: Buffer) => async (): Promise<ProvenanceFinding> =>
  await judgeAltered({
    leaf: draft => ({
      ...draft,
      claims: { ...draft.claims, [number]: undefined },
      extensions: [{ oid: `${FULCIO}${number}`, critical: false, der }],
    }),
  })

t.test('Fulcio’s extensions are DER to the last byte', async t => {
  const text = Buffer.from('https://github.com/acme/demo')
  const cases: Readonly<Record<string, readonly [number, Buffer, RegExp]>> = {
    'raw text': [12, text, /not one DER UTF8String/],
    'an IA5String': [12, encodeDer(0x16, text), /not one DER UTF8String/],
    'a byte after the end': [12, Buffer.concat([encodeDer(0x0c, text), Buffer.from([0])]), /not one DER UTF8String/],
    'a length beyond the end': [12, Buffer.concat([Buffer.from([0x0c, text.length + 1]), text]), /UTF8String|read/],
    'a length in a longer form': [
      12,
      Buffer.concat([Buffer.from([0x0c, 0x81, text.length]), text]),
      /UTF8String|it cannot be read/,
    ],
    'an indefinite length': [12, Buffer.concat([Buffer.from([0x0c, 0x80]), text, Buffer.alloc(2)]), /UTF8String|read/],
    'a length in three bytes': [
      12,
      Buffer.concat([Buffer.from([0x0c, 0x83, 0x01, 0x00, 0x00]), Buffer.alloc(65_536, 'a')]),
      /UTF8String/,
    ],
    'a length of two bytes that fits in one': [
      12,
      Buffer.concat([Buffer.from([0x0c, 0x82, 0x00, text.length]), text]),
      /UTF8String|read/,
    ],
    'no text': [12, encodeDer(0x0c, Buffer.alloc(0)), /empty or has control characters/],
    'nothing at all': [12, Buffer.alloc(0), /UTF8String|read/],
    'a control character': [12, encodeDer(0x0c, Buffer.from('https://github.com/acme/demo\n')), /control characters/],
    'a NUL': [14, encodeDer(0x0c, Buffer.from('refs/tags/v1\0')), /control characters/],
    'a C1 control character': [14, encodeDer(0x0c, Buffer.from('refs/tags/v1\u0085')), /control characters/],
    'not UTF-8': [14, encodeDer(0x0c, Buffer.from([0x72, 0xff])), /not UTF-8/],
    'an overlong encoding': [14, encodeDer(0x0c, Buffer.from([0x72, 0xc0, 0xaf])), /not UTF-8/],
    'another issuer in .1': [1, Buffer.from('https://gitlab.com'), /names two issuers/],
    'an issuer in .1 as DER': [1, encodeDer(0x0c, Buffer.from('https://token.actions.githubusercontent.com')), /two/],
  }
  for (const [name, [number, der, detail]] of Object.entries(cases))
    t.match(await rawClaim(number, der)(), { kind: 'invalid', why: 'signature-invalid', detail }, name)
  const noIssuer = await judgeAltered({ leaf: draft => ({ ...draft, claims: { ...draft.claims, 8: undefined } }) })
  t.match(noIssuer, { kind: 'invalid', why: 'signature-invalid', detail: /has no issuer/ })
  const onlyNew = await judgeAltered({ leaf: draft => ({ ...draft, claims: { ...draft.claims, 1: undefined } }) })
  t.match(onlyNew, { kind: 'attested' }, 'the deprecated issuer may be absent')
  for (const length of [127, 128, 255, 256, 2000]) {
    const ref = `refs/tags/${'v'.repeat(length - 10)}`
    const long = await judgeAltered({ leaf: draft => ({ ...draft, claims: { ...draft.claims, 14: ref } }) })
    const claims = { sourceRepositoryRef: ref }
    t.match(long, { kind: 'attested', bundles: [{ attestations: [{ facts: { claims } }] }] }, `${length} bytes`)
  }
})

t.test('every claim is read from its own extension', async t => {
  const claims = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [index + 8, `claim ${index + 8}`]))
  const finding = await judgeAltered({ leaf: draft => ({ ...draft, claims }) })
  t.match(finding, {
    bundles: [
      {
        attestations: [
          {
            facts: {
              claims: {
                issuer: 'claim 8',
                buildSignerUri: 'claim 9',
                buildSignerDigest: 'claim 10',
                runnerEnvironment: 'claim 11',
                sourceRepositoryUri: 'claim 12',
                sourceRepositoryDigest: 'claim 13',
                sourceRepositoryRef: 'claim 14',
                sourceRepositoryId: 'claim 15',
                sourceRepositoryOwnerUri: 'claim 16',
                sourceRepositoryOwnerId: 'claim 17',
                buildConfigUri: 'claim 18',
                buildConfigDigest: 'claim 19',
                buildTrigger: 'claim 20',
                runInvocationUri: 'claim 21',
                sourceRepositoryVisibility: 'claim 22',
                deploymentEnvironment: 'claim 23',
                tokenSubject: 'claim 24',
              },
            },
          },
        ],
      },
    ],
  })
})
