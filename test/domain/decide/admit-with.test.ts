import t from 'tap'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import type { Artifact } from '../../../src/domain/packaging/artifact.ts'
import type { Policy } from '../../../src/domain/policy/policy.ts'
import { CIRCLECI, circleciClaims, githubClaims, googleClaims } from '../../world/judging/claims.ts'
import { attested, bundle, listed, NOW, policyOf, UNASKED, UNATTESTED } from '../../world/judging/judging.ts'
import { exemption, PUBLISHER, policy, RULE, refused, STRANGER } from './acme-policy.ts'

t.test('the YAML of a refusal admits the file when it is added', async t => {
  const added: readonly (readonly [string, Artifact, Finding, Policy, (snippet: string) => Policy])[] = [
    ['unattested', listed(), UNATTESTED, policy(), snippet => policy(RULE, snippet)],
    [
      'yanked and unattested',
      listed(undefined, { yanked: true }),
      UNATTESTED,
      policy(`{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`),
      snippet => policy(`{ match: pkg, publishers: [${PUBLISHER}], yanked: deny }`, snippet),
    ],
    [
      'a predicate',
      listed(),
      attested(bundle({ facts: [{ predicateType: { unknown: 'x' } }] })),
      policy(),
      snippet => policy(RULE, snippet),
    ],
    [
      'no rule, attested',
      listed(),
      attested(),
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'no rule, unattested',
      listed(),
      UNATTESTED,
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'no rule, unasked',
      listed(),
      UNASKED,
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'somebody else',
      listed(),
      attested(STRANGER),
      policy(),
      snippet => policyOf(`version: 1\nprojects:\n  - match: pkg\n${snippet.replace(/^/gm, '    ')}`),
    ],
    [
      'an address',
      listed(),
      attested(
        bundle({
          claims: googleClaims('a@b.example'),
          object: { kind: 'Google', repository: undefined, workflow: undefined, email: 'a@b.example' },
        }),
      ),
      policy(),
      snippet => policyOf(`version: 1\nprojects:\n  - match: pkg\n${snippet.replace(/^/gm, '    ')}`),
    ],
    ...[githubClaims(), googleClaims('a@b.example')].flatMap(
      (claims): readonly (readonly [string, Artifact, Finding, Policy, (snippet: string) => Policy])[] => {
        const unknown = attested(bundle({ claims, object: { kind: 'ActiveState' } }))
        const nobody = policyOf('version: 1\nprojects: [{ match: x, deny: y }]')
        return [
          ['an unknown kind', listed(), unknown, policy(), snippet => policy(RULE, snippet)],
          ['no rule, an unknown kind', listed(), unknown, nobody, snippet => policyOf(`version: 1\n${snippet}`)],
        ]
      },
    ),
    [
      'no rule, an unknown kind beside one that is known',
      listed(),
      attested(bundle({ object: { kind: 'Auditor' } }), bundle()),
      policyOf('version: 1\nprojects: [{ match: x, deny: y }]'),
      snippet => policyOf(`version: 1\n${snippet}`),
    ],
    [
      'CircleCI',
      listed(),
      attested(
        bundle({
          claims: circleciClaims(),
          object: { kind: 'CircleCI', repository: undefined, workflow: CIRCLECI.definition },
        }),
      ),
      policy(),
      snippet => policyOf(`version: 1\nprojects:\n  - match: pkg\n${snippet.replace(/^/gm, '    ')}`),
    ],
    [
      'ended',
      listed(),
      UNATTESTED,
      policy(RULE, exemption('attestation', { expires: '2026-01-01' })),
      snippet => policy(RULE, snippet),
    ],
  ]
  for (const [what, artifact, finding, before, after] of added) {
    const { admitWith = '' } = refused(artifact, finding, before)
    const filled = admitWith.replace('say why this file may pass', 'old').replace('say who answers for it', 'me')
    if (filled !== admitWith)
      t.throws(() => after(admitWith), /words of the template/, `${what}: somebody has to answer`)
    t.equal(decide(artifact, finding, after(filled), NO_HISTORY, NOW).kind, 'admitted', `${what}:\n${admitWith}`)
  }
})
