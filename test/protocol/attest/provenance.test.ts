// guards: src/protocol/attest/checkpoint.ts
import t from 'tap'
import {
  attest,
  CHECKPOINT,
  ENTRY,
  edited,
  FILE,
  IDENTITY,
  judge,
  MATERIAL,
  PROOF,
  secondLog,
  trust,
  world,
} from '../../verify/evidence/signed-attestations.ts'
import { verifyAlone } from '../../world/judging/roots.ts'

t.test('types before cryptography: a value that a lenient reader would coerce is malformed', async t => {
  const good = await attest()
  const [entry] = good.verification_material.transparency_entries
  const envelope = entry?.inclusionProof.checkpoint.envelope ?? ''
  const time = entry?.integratedTime ?? ''
  const cases: readonly (readonly [path: readonly (string | number)[], values: readonly unknown[]])[] = [
    [['version'], [undefined, true, '1', 2, [1], 1.5, null]],
    [['verification_material'], [undefined, null, [], 'x']],
    [['envelope'], [undefined, null, []]],
    [
      ['envelope', 'signature'],
      ['', undefined, 1, ['AAAA'], 'AAA', 'AAAA\n', ' AAAA', 'A_-=', 'AAAB=', 'AB=='],
    ],
    [
      ['envelope', 'statement'],
      ['', undefined, 1, 'AAA', `${good.envelope.statement}\n`, `${good.envelope.statement}=`],
    ],
    [
      [...MATERIAL, 'certificate'],
      ['', undefined, 1, [good.verification_material.certificate], 'AAA'],
    ],
    [
      [...MATERIAL, 'transparency_entries'],
      [undefined, null, {}, [], 'x', [null], [entry, entry, entry, entry, entry]],
    ],
    [
      [...MATERIAL, 'timestamps'],
      [{}, 'AAAA', [1], ['AAA'], [''], Array(9).fill('AAAA')],
    ],
    [
      [...ENTRY, 'logIndex'],
      [0, ['0'], '', ' 0', '00', '-1', '0x0', '1e3', '9007199254740992'],
    ],
    [
      [...ENTRY, 'integratedTime'],
      [Number(time), [time], `${time} `, `0${time}`, `+${time}`, '1.5'],
    ],
    [
      [...ENTRY, 'logId'],
      [undefined, null, 'x', {}],
    ],
    [
      [...ENTRY, 'logId', 'keyId'],
      ['', 1, undefined, 'AAA'],
    ],
    [
      [...ENTRY, 'kindVersion'],
      [undefined, null, 'dsse/0.0.1'],
    ],
    [
      [...ENTRY, 'kindVersion', 'kind'],
      [['dsse'], undefined, null, 1],
    ],
    [
      [...ENTRY, 'kindVersion', 'version'],
      [['0.0.1'], undefined, null, 1],
    ],
    [
      [...ENTRY, 'inclusionPromise'],
      [null, 'x', [], undefined],
    ],
    [
      [...ENTRY, 'inclusionPromise', 'signedEntryTimestamp'],
      [undefined, '', 1, 'AAA'],
    ],
    [
      [...ENTRY, 'canonicalizedBody'],
      [undefined, '', 1, {}, 'AAA'],
    ],
    [PROOF, [undefined, null, 'x', []]],
    [
      [...PROOF, 'logIndex'],
      [0, ['0'], '00', ' 0'],
    ],
    [
      [...PROOF, 'treeSize'],
      [undefined, 1, '2', ['1'], '01', '1 '],
    ],
    [
      [...PROOF, 'rootHash'],
      [undefined, '', 'AAAA', 1],
    ],
    [
      [...PROOF, 'hashes'],
      [{}, ['AAAA'], [1], Array(65).fill(entry?.inclusionProof.rootHash)],
    ],
    [
      [...PROOF, 'checkpoint'],
      [undefined, null, 'x', {}],
    ],
    [
      CHECKPOINT,
      [
        undefined,
        1,
        [envelope],
        '',
        `${envelope} `,
        `${envelope}\n`,
        envelope.slice(0, -1),
        envelope.replace('\n\n', '\n'),
        envelope.replace('\n\n', '\n\n\n'),
        envelope.replaceAll('\n', '\r\n'),
        envelope.replace('\n1\n', '\n01\n'),
        envelope.replace('\n1\n', '\n+1\n'),
        envelope.replace('\u2014', '-'),
        envelope.replace('\u2014 ', '\u2014  '),
        `\n${envelope}`,
        envelope + envelope,
        envelope + envelope.slice(envelope.indexOf('\u2014')),
        `${envelope.slice(0, -2)}\n`,
        envelope.slice(envelope.indexOf('\u2014')),
      ],
    ],
  ]
  for (const [path, values] of cases)
    for (const value of values) {
      const finding = judge(edited(good, path, value))
      const name = `${path.join('.')} = ${JSON.stringify(value)?.slice(-40)}`
      t.match(finding, { kind: 'invalid', why: 'provenance-malformed' }, name)
    }
})

t.test('what protobuf’s JSON leaves out, or writes as null, is its default', async t => {
  const good = await attest()
  const [first] = good.verification_material.transparency_entries
  t.match(first, { inclusionProof: { logIndex: '0', hashes: [] } }, 'the one entry of its log')
  for (const nothing of [undefined, null]) {
    const judged = (path: readonly (string | number)[], attestation = good) => judge(edited(attestation, path, nothing))
    t.match(judged([...MATERIAL, 'timestamps']), { kind: 'attested' }, 'no time stamp')
    t.match(judged([...PROOF, 'hashes']), { kind: 'attested' }, 'no hash')
    t.match(judged([...PROOF, 'logIndex']), { kind: 'attested' }, 'the first place')
    // the log signed another number
    for (const name of ['logIndex', 'integratedTime'])
      t.match(judged([...ENTRY, name]), { kind: 'invalid', why: 'signature-invalid' }, name)
    t.match(judged([...ENTRY, 'inclusionPromise']), { why: 'provenance-malformed', detail: /integratedTime/ })
    t.match(judged([...PROOF, 'treeSize']), { why: 'provenance-malformed' }, 'no tree is empty')
    for (const kind of ['hashedrekord', 'dsse'] as const) {
      const second = secondLog.relog(await attest({ stamped: 'stamped' }), kind)
      t.match(judged([...ENTRY, 'integratedTime'], second), { kind: 'attested' }, 'a time stamp tells the time')
      t.match(judged([...ENTRY, 'inclusionPromise'], second), { kind: 'attested' }, 'and nothing was promised')
      for (const name of ['logIndex', 'hashes'])
        t.match(judged([...PROOF, name], second), { kind: 'invalid', why: 'signature-invalid' }, name)
      const alone = secondLog.relog(await attest(), kind)
      t.match(judged([...ENTRY, 'integratedTime'], alone), { detail: /no signed time/ }, 'nothing else tells it')
    }
  }
})

t.test('the document itself: its type, its version, its bundles and how many there may be', async t => {
  const good = await attest()
  const publisher = world.publisher(IDENTITY)
  const bundle = { publisher, attestations: [good] }
  const read = (document: unknown) => {
    const bytes = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document))
    return verifyAlone(bytes, FILE, trust)
  }
  const document = { version: 1, attestation_bundles: [bundle] }
  t.match(read(document), { kind: 'attested' })
  t.match(read({ ...document, attestation_bundles: Array(16).fill(bundle) }), { kind: 'attested' }, 'sixteen bundles')
  t.match(read({ ...document, more: 1, attestation_bundles: [{ ...bundle, more: 1 }] }), { kind: 'attested' })
  const text = JSON.stringify(document)
  const deep = `${'['.repeat(40)}${']'.repeat(40)}`
  const wrong: readonly (readonly [name: string, document: unknown])[] = [
    ['a list', [document]],
    ['null', null],
    ['text', 'x'],
    ['nothing', Buffer.alloc(0)],
    ['two documents', Buffer.from(text + text)],
    ['a byte order mark', Buffer.from(`\uFEFF${text}`)],
    ['not UTF-8', Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')])],
    ['over 1 MiB', Buffer.from(text + ' '.repeat(1024 * 1024))],
    ['nested without end', Buffer.from(text.replace('{', `{"x":${deep},`))],
    ['a key twice', Buffer.from(text.replace('{', '{"version":1,'))],
    ['a key twice, spelled otherwise', Buffer.from(text.replace('{', '{"\\u0076ersion":1,'))],
    ['a version of text', { ...document, version: '1' }],
    ['a later version', { ...document, version: 2 }],
    ['no version', { attestation_bundles: [bundle] }],
    ['no bundle', { ...document, attestation_bundles: [] }],
    ['bundles by name', { ...document, attestation_bundles: { 0: bundle } }],
    ['seventeen bundles', { ...document, attestation_bundles: Array(17).fill(bundle) }],
    ['a bundle that is null', { ...document, attestation_bundles: [bundle, null] }],
    ['no attestation', { ...document, attestation_bundles: [{ publisher, attestations: [] }] }],
    [
      'no attestation in the second bundle',
      { ...document, attestation_bundles: [bundle, { publisher, attestations: [] }] },
    ],
    ['nine attestations', { ...document, attestation_bundles: [{ publisher, attestations: Array(9).fill(good) }] }],
    ['an attestation that is null', { ...document, attestation_bundles: [{ publisher, attestations: [null] }] }],
    ['no publisher', { ...document, attestation_bundles: [{ attestations: [good] }] }],
    ['a publisher of text', { ...document, attestation_bundles: [{ ...bundle, publisher: 'GitHub' }] }],
    ...[undefined, null, 1, ['GitHub']].map(
      kind =>
        [
          `a publisher of the kind ${JSON.stringify(kind)}`,
          { ...document, attestation_bundles: [{ ...bundle, publisher: { ...publisher, kind } }] },
        ] as const,
    ),
    ...['repository', 'workflow', 'environment'].map(
      key =>
        [
          `a publisher whose ${key} is a number`,
          { ...document, attestation_bundles: [{ ...bundle, publisher: { ...publisher, [key]: 1 } }] },
        ] as const,
    ),
    ['two attestations of one type', { ...document, attestation_bundles: [{ publisher, attestations: [good, good] }] }],
  ]
  for (const [name, value] of wrong) t.match(read(value), { kind: 'invalid', why: 'provenance-malformed' }, name)
})

t.test('a document of more attestations than are read is malformed, however good each is', async t => {
  const attestations = [await attest({ predicate: 'publish' }), await attest({ predicate: 'slsa' })]
  const bundle = { publisher: world.publisher(IDENTITY), attestations }
  const read = (bundles: number) => {
    const document = { version: 1, attestation_bundles: Array(bundles).fill(bundle) }
    return verifyAlone(Buffer.from(JSON.stringify(document)), FILE, trust)
  }
  t.match(read(8), { kind: 'attested' }, 'sixteen')
  t.match(read(9), { kind: 'invalid', why: 'provenance-malformed' }, 'eighteen')
})
