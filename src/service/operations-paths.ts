const json = (schema: object, description: string): object => ({
  description,
  content: { 'application/json': { schema } },
});

const HEALTH = {
  type: 'object',
  required: ['status', 'check', 'feed', 'leaseAgeMs', 'skewMs'],
  properties: {
    status: { enum: ['ok', 'unavailable'] },
    check: {
      enum: ['memory', 'store', 'nothing'],
      description: 'What tells whether a token is revoked; nothing: every token is refused.',
    },
    feed: {
      enum: ['doorbell', 'polling', null],
      description: 'What wakes the memory; null where there is none.',
    },
    leaseAgeMs: {
      type: ['integer', 'null'],
      description: 'How old what memory knows may be, in ms.',
    },
    skewMs: {
      type: ['integer', 'null'],
      description: "How far this instance's clock is ahead of the database's, in ms.",
    },
  },
};

const NOT_PUBLIC = 'Not for the public: keep it behind the proxy.';

/** What operators ask, as OpenAPI 3.1 has it. */
export const OPERATIONS_PATHS = {
  '/health/live': {
    get: {
      operationId: 'live',
      tags: ['Operations'],
      summary: 'Whether the process answers',
      responses: {
        200: json({ type: 'object', properties: { status: { const: 'ok' } } }, 'It does.'),
      },
    },
  },
  '/health/ready': {
    get: {
      operationId: 'ready',
      tags: ['Operations'],
      summary: 'Whether tokens can be checked',
      description: NOT_PUBLIC,
      responses: {
        200: json(HEALTH, 'Memory or the database answers, and the clocks agree.'),
        503: json(HEALTH, 'Nothing answers, or the clocks are more than 30 s apart.'),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['Operations'],
      summary: 'The metrics, for Prometheus',
      description: `${NOT_PUBLIC} Holds figures only.`,
      responses: {
        200: {
          description: 'The text format of Prometheus.',
          content: { 'text/plain': { schema: { type: 'string' } } },
        },
      },
    },
  },
};
