import t from 'tap'
import { listed, policyOf } from '../../world/judging/judging.ts'
import { PUBLISHER } from '../decide/acme-policy.ts'

t.test('which rule decides', async t => {
  const three = policyOf(`version: 1
defaults: { yanked: deny }
projects:
  - { match: "acme-*", deny: wide }
  - { match: "acme-cloud-*", deny: longer }
  - { match: Acme_Cloud.X, publishers: [${PUBLISHER}] }
`)
  const ruleOf = (filename: string) => three.ruleFor(listed(filename).project)
  t.match(
    ruleOf('acme_cloud_x-1.0.tar.gz'),
    { ref: { line: 6 }, match: 'acme-cloud-x', yanked: 'deny' },
    'the exact name, and it inherits',
  )
  t.match(ruleOf('acme_cloud_y-1.0.tar.gz'), { deny: 'longer' }, 'else the glob with the longest literal prefix')
  t.match(ruleOf('acme_y-1.0.tar.gz'), { deny: 'wide' })
  t.equal(ruleOf('other-1.0.tar.gz'), undefined)
})
