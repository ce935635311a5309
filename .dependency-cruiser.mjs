/** Who may import whom (see docs/architecture.md). Each rule says why; `npm run lint:imports` holds them. */
const engine = '^src/(worker|queue|backend)/';
const edges = ['http', 'admin', 'cli', 'maintenance', 'intake'];

const rule = (name, comment, from, to) => ({ name, severity: 'error', comment, from, to });

export default {
  forbidden: [
    rule(
      'no-cycle',
      'A cycle has no beginning to read from, and loads in an order that nobody chose.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    rule(
      'queues-are-data',
      'Producers import queues/ and nothing else, so it may need nothing but zod.',
      { path: '^queues/' },
      { pathNot: '^queues/|node_modules/zod/' },
    ),
    rule(
      'processors-know-ports',
      'A processor runs against any driver, and in a test without a queue.',
      { path: '^processors/' },
      {
        pathNot: [
          '^processors/',
          '^queues/',
          '^src/errors/',
          '^src/scoring/',
          '^src/worker/context\\.ts$',
          '^src/observability/events\\.ts$',
          '^src/integrations/[^/]+/port\\.ts$',
          'node_modules/(zod|pdfkit|exceljs|csv-stringify|piscina|@types/pdfkit|dejavu-fonts-ttf)/',
          '^(node:)?(crypto|stream|stream/promises|events|timers/promises|module|url|path|fs|fs/promises|os|util|buffer|zlib|stream/consumers)$',
        ],
      },
    ),
    rule(
      'integrations-stand-alone',
      'A driver that knows another cannot be replaced alone.',
      { path: '^src/integrations/([^/]+)/' },
      {
        path: '^src/integrations/',
        // Another's port is only types: what passes between two of them has to be said once.
        pathNot: ['^src/integrations/$1/', '^src/integrations/[^/]+/port\\.ts$'],
      },
    ),
    rule(
      'integrations-know-no-edge',
      'Drivers are used by processors and never the other way round.',
      { path: '^src/integrations/' },
      {
        path: `^processors/|${engine}|^src/(${edges.join('|')})/|node_modules/(bullmq|express)/`,
      },
    ),
    rule(
      'engine-knows-no-work',
      'Processors and drivers are handed to the engine as arguments; of integrations it knows what their ports say.',
      { path: engine },
      {
        path: `^processors/|^schedulers/|^src/(integrations|${edges.join('|')})/`,
        pathNot: '^src/integrations/[^/]+/port(\\.ts$|/)',
      },
    ),
    rule(
      'downwards-only',
      'worker -> queue -> backend.',
      { path: '^src/backend/' },
      { path: '^src/(queue|worker)/' },
    ),
    rule(
      'queue-below-worker',
      'worker -> queue -> backend.',
      { path: '^src/queue/' },
      { path: '^src/worker/' },
    ),
    rule(
      'index-looks-on',
      'The job index hears what happens to jobs and reads what is stored of them; it does nothing to either.',
      { path: '^src/job-index/' },
      {
        path: `^processors/|^schedulers/|^config/|^src/(worker|backend|${edges.join('|')})/|^src/integrations/`,
        pathNot: '^src/integrations/[^/]+/port(\\.ts$|/)',
      },
    ),
    rule(
      'edges-apart',
      'Edges meet in the composition root; one that calls another hides a journey.',
      { path: `^src/(${edges.join('|')})/` },
      {
        path: `^src/(${edges.join('|')})/|^schedulers/`,
        pathNot: ['^src/$1/', '^src/(http|admin)/'],
      },
    ),
    rule(
      'intake-knows-ports',
      'An intake brings work in; what it brings it from is a port, and how it is done is no affair of its.',
      { path: '^src/intake/' },
      {
        path: '^processors/|^src/(worker|backend)/|^src/integrations/',
        pathNot: ['^src/integrations/[^/]+/port\\.ts$', '^src/integrations/database/port/'],
      },
    ),
    rule(
      'web-plumbing-only',
      'The pages of admin/ are served by the one Express app: they share its plumbing, and none of its routes.',
      { path: '^src/admin/' },
      {
        path: '^src/http/',
        pathNot:
          '^src/http/(access|answer|context|event-stream|examination|html|keys|page-paths|send-file)\\.ts$|^src/http/middleware/',
      },
    ),
    rule(
      'pages-are-mounted-once',
      'Where the pages hang is said in one place.',
      { path: '^src/http/', pathNot: '^src/http/(app|index|options)\\.ts$' },
      { path: '^src/admin/' },
    ),
    rule(
      'cli-is-apart',
      'The command line speaks to the platform over HTTP, as everybody else does.',
      { path: '^src/(cli|maintenance)/' },
      { path: '^src/(http|admin)/' },
    ),
    rule(
      'client-travels-light',
      'It runs in browsers and in services that have nothing else of ours; of the queues it knows the types.',
      { path: '^src/client/' },
      {
        pathNot: '^src/client/|node_modules/eventsource-parser/',
        dependencyTypesNot: ['type-only'],
      },
    ),
    rule(
      'ground',
      'Everything stands on errors and lifecycle, so they stand on nothing.',
      { path: '^src/(errors|lifecycle)/' },
      {
        path: '^(processors|schedulers|config)/|^src/',
        pathNot: '^src/(errors|lifecycle|observability)/',
      },
    ),
    rule(
      'access-knows-no-way-in',
      'Who may do what is the same by API, page and command line.',
      { path: '^src/access/' },
      { path: '^src/', pathNot: '^src/(access|errors|observability)/|^src/integrations/[^/]+/port' },
    ),
    rule(
      'bullmq-in-the-engine',
      'Only the engine and the board know which library moves the jobs.',
      {
        path: '^(src|processors|config|queues)/',
        pathNot: `${engine}|^src/admin/board(-queue)?\\.ts$|^schedulers/`,
      },
      { path: 'node_modules/bullmq/' },
    ),
    rule(
      'express-at-the-edge',
      'HTTP is one way in among several.',
      { path: '^(src|processors|schedulers|config|queues)/', pathNot: '^src/(http|admin)/' },
      {
        path: 'node_modules/(express|helmet|express-rate-limit)/',
      },
    ),
    rule(
      'no-tests-in-product',
      'What ships must not need what tests need.',
      { path: '^(src|processors|schedulers|config|queues)/' },
      { path: '^(test|bench|scripts)/' },
    ),
    rule(
      'only-main-composes',
      'The composition root is seen by entry points alone.',
      {
        path: '^(src|processors|schedulers)/',
        pathNot: '^src/(main|worker-main|app)\\.ts$|^src/(cli|composition)/',
      },
      { path: '^src/(main|worker-main|app)\\.ts$|^src/composition/' },
    ),
    rule(
      'no-undeclared-package',
      'A package that package.json does not name may be gone tomorrow.',
      {},
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    rule(
      'no-dev-package-in-product',
      'The image holds production dependencies only.',
      { path: '^(src|processors|schedulers|config|queues)/' },
      {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    parser: 'swc',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
};
