import t from 'tap'
import { readCoreMetadata } from '../../../src/protocol/metadata/core-metadata.ts'
import { withoutIndexLinks } from '../../../src/protocol/simple/index-links.ts'

t.test('METADATA under the names of the JSON API', async t => {
  const text = [
    'Metadata-Version: 2.1',
    'Name: demo',
    'Summary: says: this',
    'CLASSIFIER: one',
    'Classifier: two',
    'Requires-Dist: other',
    '  >=1',
    '',
    'Author: of the description, and nothing else',
  ]
  for (const end of ['\n', '\r\n'])
    t.match(readCoreMetadata(text.join(end)), {
      summary: 'says: this',
      classifiers: ['one', 'two'],
      requires_dist: ['other >=1'],
      author: null,
      provides_extra: null,
    })
})

t.test('nothing leads to the index, and everything else stays', async t => {
  const cleaned = withoutIndexLinks(
    {
      package_url: 'https://pypi.org/project/demo/',
      home_page: 'https://acme.example/demo',
      description: 'see https://pypi.org/p/demo or https://acme.example',
      project_urls: { Source: 'https://git.example/demo', Index: 'https://mirror.example:8443/demo' },
      name: 'pypi.org',
      badges: ['https://img.example/x', 'https://pypi.org/badge'],
    },
    ['https://mirror.example:8443'],
  )
  t.strictSame(cleaned, {
    package_url: null,
    home_page: 'https://acme.example/demo',
    description: 'see  or https://acme.example',
    project_urls: { Source: 'https://git.example/demo' },
    name: 'pypi.org',
    badges: ['https://img.example/x'],
  })
})
