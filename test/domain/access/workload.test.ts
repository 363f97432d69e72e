import t from 'tap'
import { workloadSubject } from '../../../src/domain/access/workload.ts'

const RULE = {
  issuer: 'https://ci.example',
  audience: 'gate',
  claims: { repository_owner: 'acme' },
  subject: '{repository}@{ref}',
}
const CLAIMS = {
  iss: 'https://ci.example',
  aud: 'gate',
  repository_owner: 'acme',
  repository: 'acme/app',
  ref: 'refs/heads/main',
}

t.test('claims that a rule means are called by its template', async t => {
  t.equal(workloadSubject(RULE, CLAIMS), 'workload:acme/app@refs/heads/main')
  t.equal(workloadSubject(RULE, { ...CLAIMS, aud: ['other', 'gate'] }), 'workload:acme/app@refs/heads/main')
  t.equal(workloadSubject({ ...RULE, subject: 'run-{run}' }, { ...CLAIMS, run: 7 }), 'workload:run-7')
})

t.test('what one claim is wrong with is nobody', async t => {
  for (const [what, change] of [
    ['another issuer', { iss: 'https://ci.example/' }],
    ['another audience', { aud: 'gate2' }],
    ['a list without the audience', { aud: ['gate2'] }],
    ['no audience', { aud: undefined }],
    ['an audience in a list in a list', { aud: [['gate']] }],
    ['another owner', { repository_owner: 'mallory' }],
    ['another case', { repository_owner: 'Acme' }],
    ['a list that holds the owner', { repository_owner: ['acme'] }],
    ['an object', { repository_owner: { toString: 'acme' } }],
    ['no owner', { repository_owner: undefined }],
    ['no part of the subject', { ref: undefined }],
    ['a list in the subject', { ref: ['main'] }],
    ['a space in the subject', { ref: 'refs/heads/a b' }],
    ['a line in the subject', { ref: 'main\nadmin' }],
    ['what is not ASCII', { ref: 'mаin' }],
    ['a subject without end', { ref: 'x'.repeat(300) }],
  ] as const)
    t.equal(workloadSubject(RULE, { ...CLAIMS, ...change }), undefined, what)
  t.equal(workloadSubject({ ...RULE, claims: { constructor: 'x' } }, CLAIMS), undefined, 'only what the token says')
})
