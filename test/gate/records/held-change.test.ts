import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { proofOf, type SeenFile } from '../../../src/domain/memory/history.ts'
import { heldChange, heldRequests } from '../../../src/gate/records/held-change.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import { claimsBuiltBy } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const DAY = 86_400_000
const { project } = listed()
const EVIL = claimsBuiltBy('https://github.com/evil/pkg/.github/workflows/release.yml@refs/tags/v1.0.0', {
  sourceRepositoryUri: 'https://github.com/evil/pkg',
})
const BY_EVIL = attested(bundle({ claims: EVIL, object: { repository: 'evil/pkg' } }))

function seen(filename: string, day: number, finding: Finding): SeenFile {
  const at = instant(NOW + day * DAY)
  const { filename: dist } = listed(filename)
  return {
    filename,
    version: dist.version,
    uploaded: at,
    firstSeen: at,
    lastSeen: at,
    absent: undefined,
    missed: undefined,
    offered: at,
    proof: proofOf(finding, at),
    isFleeting: false,
  }
}

const [FIRST, SECOND] = [seen('pkg-1.0.tar.gz', -9, attested()), seen('pkg-2.0.tar.gz', -1, BY_EVIL)]
const ruleOf = (rule: string) => policyOf(`version: 1\nprojects: [${rule}]`).ruleFor(project)
const FIRST_SEEN = ruleOf('{ match: pkg, identity: first-seen }')
const OURS = '{ kind: github, repository: acme/pkg, workflow: release.yml }'
const THEIRS = '{ kind: github, repository: evil/pkg, workflow: release.yml }'

t.test('a signer after the first is held, with what it signed', async t => {
  const held = heldChange([SECOND, FIRST], FIRST_SEEN)
  t.match(held, {
    first: { files: [{ filename: 'pkg-1.0.tar.gz' }] },
    others: [{ files: [{ filename: 'pkg-2.0.tar.gz' }], since: SECOND.firstSeen }],
  })
})

t.test('whom the rule names is not held', async t => {
  t.ok(heldChange([FIRST, SECOND], ruleOf(`{ match: pkg, publishers: [${OURS}] }`)))
  t.equal(heldChange([FIRST, SECOND], ruleOf(`{ match: pkg, publishers: [${OURS}, ${THEIRS}] }`)), undefined)
})

t.test('nobody is held where it is not for who signs, or where nobody else did', async t => {
  for (const rule of [
    '{ match: pkg, deny: no }',
    '{ match: pkg, attestation: optional }',
    '{ match: other, deny: no }',
  ])
    t.equal(heldChange([FIRST, SECOND], ruleOf(rule)), undefined, rule)
  t.equal(heldChange([FIRST, seen('pkg-1.1.tar.gz', -2, attested())], FIRST_SEEN), undefined, 'the same signer')
  t.equal(heldChange([seen('pkg-1.0.tar.gz', -2, UNATTESTED)], FIRST_SEEN), undefined, 'nobody signed')
})

t.test('requests that met it are those that were refused for who signed, of this project', async t => {
  const held = heldChange([FIRST, SECOND], FIRST_SEEN)
  if (held === undefined) throw new TypeError('it is held')
  const row = (changes: Partial<JournalRow>) => ({
    project: 'pkg',
    code: 'publisher-changed',
    client: 'a',
    count: 1,
    ...changes,
  })
  const asked: number[] = []
  const journal = async function* (since: number) {
    asked.push(since)
    yield* [
      row({ count: 3 }),
      row({ client: 'b', code: 'audit:publisher-mismatch' }),
      row({ code: 'unattested' }),
      row({ project: 'other' }),
    ] as JournalRow[]
  }
  t.strictSame(await heldRequests({ journal }, project, held), { requests: 4, clients: 2 })
  t.strictSame(asked, [SECOND.firstSeen], 'since it was proved first')
})
