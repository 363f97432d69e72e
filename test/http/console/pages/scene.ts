import { sha256Of } from '../../../../src/domain/base/digest.ts'
import { instant, millis } from '../../../../src/domain/base/instant.ts'
import type { Claims } from '../../../../src/domain/identity/claims.ts'
import type { ProjectName } from '../../../../src/domain/packaging/name.ts'
import type { Version } from '../../../../src/domain/packaging/version.ts'
import type { FileNow, ProjectNow } from '../../../../src/gate/records/project-now.ts'
import type { WhatIf } from '../../../../src/gate/records/what-if.ts'
import type { PageData } from '../../../../src/http/console/pages/data.ts'
import type { AuditRow } from '../../../../src/ports/console/audit-log.ts'
import type { NumberedRow } from '../../../../src/ports/console/ledger.ts'
import { githubClaims } from '../../../world/judging/claims.ts'
import { NOW, policyOf } from '../../../world/judging/judging.ts'
import { rowsLedger } from './rows-ledger.ts'

/** What every word of somebody else becomes. */
export type Spelling = (word: string) => string

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** All that the pages show, with every word that comes from outside spelled as a test likes. */
export function createScene({
  spell = (word: string) => word,
  rows = 130,
}: {
  readonly spell?: Spelling
  readonly rows?: number
} = {}): PageData {
  const policy = policyOf(policyText(spell))
  const journal = Array.from({ length: rows }, (_, at) => rowOf(at, spell))
  const digest = policy.digest
  return {
    ledger: rowsLedger(journal),
    audit: {
      rows: async (_filter, { before = 1000, limit }) =>
        auditRows(spell)
          .filter(({ sequence }) => sequence < before)
          .slice(0, limit),
    },
    indexes: [
      {
        name: spell('main'),
        policy: () => policy,
        keptBack: () => spell('/etc/portcullis/policy.yaml:3:5 projects[0]: unknown key'),
        project: async () => projectOf(spell),
        isRevoked: async ({ filename }) => (filename.includes('1.0.2') ? 'unknown' : true),
        whatIf: async () => outlook(spell),
      },
    ],
    clock: () => NOW,
    trust: () => ({
      source: 'tuf',
      digest: sha256Of('root'),
      refreshed: instant(NOW - 5 * HOUR),
      ageMs: millis(5 * HOUR),
      fresh: true,
      detail: spell('refreshed 5 h ago'),
    }),
    openRequests: async () => 3,
    gates: () => ({
      others: [
        { name: 'gate-b', policies: policy.digest, trust: undefined, seen: NOW },
        { name: spell('gate-c'), policies: 'f'.repeat(64), trust: '0'.repeat(64), seen: NOW },
      ],
      own: { policies: policy.digest, trust: sha256Of('root') },
      apart: 1,
      warnings: [spell('another gate goes by another policy')],
    }),
    inForceSince: asked => (asked === digest ? instant(NOW - 3 * DAY) : undefined),
    began: instant(NOW - 4 * DAY),
    alarms: () => [
      { at: instant(NOW - HOUR), alarm: 'digest-changed', detail: spell('demo-1.0.tar.gz has another sha256') },
    ],
    unknowns: () => [
      { code: 'unknown-upstream', times: 12, last: instant(NOW - 2 * HOUR), detail: spell('pypi.org answers 503') },
    ],
  }
}

function policyText(spell: Spelling): string {
  const quoted = (word: string) => JSON.stringify(spell(word))
  const sha256 = 'ab'.repeat(32)
  const exemption = (id: string, project: string, expires: string) =>
    `  - { id: ${id}, project: ${project}, files: { ${project}-1.0.tar.gz: "sha256:${sha256}" }, waive: [attestation], reason: ${quoted('no attestations before 2.0')}, owner: ${quoted('platform@acme.example')}, ticket: ${quoted('https://tracker.acme.example/SEC-114')}, expires: ${expires} }`
  return `version: 1
defaults: { attestation: when-seen, identity: first-seen, unmatched: apply-defaults }
projects:
  - { match: demo, publishers: [{ kind: github, repository: acme/demo, workflow: release.yml }] }
  - { match: "acme-*", deny: ${quoted('internal names never come from the index')} }
exemptions:
${exemption('EX-1', 'legacy', '2026-12-01')}
${exemption('EX-2', 'older', '2027-02-01')}
revocations:
  - { project: demo, versions: "==1.0", reason: ${quoted('token of the maintainer was stolen')} }
  - { repository: acme/demo, commit: ${'a'.repeat(40)}, reason: ${quoted('commit was pushed by somebody else')} }
  - { run: "https://github.com/acme/demo/actions/runs/1/attempts/1", reason: ${quoted('run was tampered with')} }
`
}

const CODES = [
  'attestation',
  'attestation',
  'unattested',
  'publisher-mismatch',
  'optional',
  'audit:unattested',
  'exemption',
] as const
const PROJECTS = ['demo', 'legacy', 'flask-utilities-for-everybody', 'numpy']

function rowOf(at: number, spell: Spelling): NumberedRow {
  const code = CODES[at % CODES.length] ?? 'attestation'
  const project = spell(PROJECTS[at % PROJECTS.length] ?? 'demo')
  const isRefused = code === 'unattested' || code === 'publisher-mismatch'
  const filename = spell(`demo-1.0.${at % 9}-py3-none-any.whl`)
  return {
    id: String(1000 - at),
    at: instant(NOW - at * 2 * HOUR),
    filename,
    project,
    sha256: at % 11 === 0 ? undefined : sha256Of(filename),
    outcome: isRefused ? 'refused' : 'admitted',
    code,
    rule: at % 5 === 0 ? undefined : spell(`projects[${at % 3}] demo`),
    identity:
      code === 'attestation' || code === 'publisher-mismatch'
        ? {
            issuer: spell('https://token.actions.githubusercontent.com'),
            san: spell('https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0.0'),
            repository: spell('https://github.com/acme/demo'),
            workflow: spell('release.yml'),
            ref: spell('refs/tags/v1.0.0'),
          }
        : undefined,
    policyDigest: sha256Of('policy'),
    trustDigest: sha256Of('root'),
    client: `10.0.0.${at % 7}`,
    subject: at % 6 === 0 ? undefined : spell(at % 2 === 0 ? 'token:ci' : 'user:ada@acme.example'),
    index: spell('main'),
    count: (at % 13) + 1,
  }
}

function auditRows(spell: Spelling): readonly AuditRow[] {
  const actions = ['signed-in', 'requested', 'approved', 'token-created', 'policy-reloaded', 'policy-kept'] as const
  return Array.from(
    { length: 120 },
    (_, at): AuditRow => ({
      sequence: 120 - at,
      at: instant(NOW - at * HOUR),
      action: actions[at % actions.length] ?? 'signed-in',
      actor: spell('user:ada@acme.example'),
      from: spell('10.0.0.7'),
      target: spell('demo-1.0.tar.gz'),
      why: at % 2 === 0 ? undefined : spell('needed for the release'),
      detail: at % 3 === 0 ? {} : { [spell('ticket')]: spell('SEC-114') },
      hash: sha256Of(`row ${at}`),
      previous: sha256Of(`row ${at + 1}`),
    }),
  )
}

function claimsOf(spell: Spelling, repository: string): Claims {
  const own = `https://github.com/${repository}`
  const workflow = `${own}/.github/workflows/release.yml@refs/tags/v1.0.0`
  return githubClaims({
    san: { kind: 'uri', value: spell(workflow) },
    issuer: spell('https://token.actions.githubusercontent.com'),
    buildConfigUri: spell(workflow),
    sourceRepositoryUri: spell(own),
    sourceRepositoryOwnerUri: spell(`https://github.com/${repository.split('/')[0]}`),
    sourceRepositoryDigest: spell(`${'c0ffee'.repeat(6)}abcd`),
    sourceRepositoryRef: spell('refs/tags/v1.0.0'),
    sourceRepositoryId: spell('111'),
    sourceRepositoryOwnerId: spell('222'),
    deploymentEnvironment: spell('release'),
    runnerEnvironment: spell('github-hosted'),
    buildTrigger: spell('push'),
    runInvocationUri: spell(`${own}/actions/runs/1/attempts/1`),
    sourceRepositoryVisibility: spell('public'),
  })
}

function projectOf(spell: Spelling): ProjectNow {
  const policy = policyOf(policyText(spell))
  const attestation = (repository: string, predicate: string): FileNow['attestations'][number] => ({
    predicateType: predicate === 'publish/v1' ? 'publish/v1' : { unknown: spell(predicate) },
    claims: claimsOf(spell, repository),
    root: 'sigstore',
    signedAt: instant(NOW - 9 * DAY),
    logIndex: spell('123456789'),
    leafSha256: sha256Of('leaf'),
    contradiction: undefined,
    uncompared: undefined,
  })
  const file = (
    filename: string,
    verdict: FileNow['verdict'],
    attestations: FileNow['attestations'] = [],
  ): FileNow => ({
    filename: spell(filename),
    sha256: sha256Of(filename),
    uploaded: instant(NOW - 9 * DAY),
    firstSeen: instant(NOW - 9 * DAY),
    yanked: filename.includes('0.9'),
    verdict,
    attestations,
  })
  return {
    project: spell('demo') as ProjectName,
    status: 'archived',
    lastRead: instant(NOW - HOUR),
    source: spell('pypi'),
    rule: policy.ruleFor('demo' as ProjectName),
    releases: 45,
    shown: [
      {
        version: spell('1.1') as Version,
        came: instant(NOW - DAY),
        files: [
          file(
            'demo-1.1-py3-none-any.whl',
            { outcome: 'refused', code: 'publisher-mismatch', detail: spell('signed by mallory/demo') },
            [attestation('mallory/demo', 'publish/v1')],
          ),
          file('demo-1.1.tar.gz', { outcome: 'unknown' }),
        ],
      },
      {
        version: spell('1.0') as Version,
        came: instant(NOW - 9 * DAY),
        files: [
          file(
            'demo-1.0-py3-none-any.whl',
            {
              outcome: 'admitted',
              code: 'attestation',
              detail: spell('https://github.com/acme/demo/.github/workflows/release.yml@refs/tags/v1.0.0'),
            },
            [attestation('acme/demo', 'publish/v1'), attestation('acme/demo', 'https://example.com/own/v1')],
          ),
          file('demo-1.0.tar.gz', { outcome: 'watched', code: 'unattested', detail: spell('no attestation') }),
        ],
      },
      {
        version: spell('0.9') as Version,
        came: instant(NOW - 40 * DAY),
        files: [file('demo-0.9.tar.gz', { outcome: 'refused', code: 'unattested', detail: '' })],
      },
    ],
    signers: [
      { claims: claimsOf(spell, 'acme/demo'), since: instant(NOW - 9 * DAY), files: 2, newest: spell('1.0') },
      { claims: claimsOf(spell, 'mallory/demo'), since: instant(NOW - DAY), files: 1, newest: spell('1.1') },
    ],
    isHeld: true,
  }
}

function outlook(spell: Spelling): WhatIf {
  const request = { sha256: sha256Of('a'), requests: 41, clients: 3, first: instant(NOW - DAY), last: NOW }
  const from = { outcome: 'admitted', code: 'optional' } as const
  return {
    changes: [
      { effect: 'stricter', about: spell('demo'), text: spell('attestation: optional became required') },
      { effect: 'wider', about: spell('exemption EX-9'), text: spell('was added') },
      { effect: 'other', about: spell('acme-*'), text: spell('is denied otherwise') },
    ],
    warnings: [spell('/etc/portcullis/pasted.yaml:9:3 exemptions[0]: ends soon')],
    approvals: { taken: 2, leftOut: new Map([['0123456789ab', spell('approvals.yaml:1:1 pins none')]]) },
    replay: {
      requests: 1234,
      changed: [
        {
          ...request,
          project: spell('demo'),
          filename: spell('demo-1.0.tar.gz'),
          from,
          to: { outcome: 'refused', code: 'unattested', detail: spell('no attestation') },
        },
        {
          ...request,
          project: spell('legacy'),
          filename: spell('legacy-1.0.tar.gz'),
          from: { outcome: 'refused', code: 'unattested' },
          to: { outcome: 'admitted', code: 'exemption', detail: spell('admitted by exemption') },
        },
      ],
      watched: [
        {
          ...request,
          project: spell('demo'),
          filename: spell('demo-0.9.tar.gz'),
          from,
          to: { outcome: 'admitted', code: 'audit:unattested', detail: spell('no attestation') },
        },
      ],
      untold: [{ ...request, project: spell('numpy'), filename: spell('numpy-1.0.tar.gz'), from }],
    },
    since: instant(NOW - 30 * DAY),
    brokeOff: instant(NOW - 2 * DAY),
  }
}
