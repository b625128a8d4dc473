import { Req, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { jwkSet } from '../web/document-routes';
import type { PublishedDocument } from '../web/published-document';
import type { PlatformRequest } from '../web/request';
import { ROUTES } from '../web/routes';
import { AuthOptions } from './auth.options';
import { Gated } from './gated.decorator';
import { OurRoutes } from './our-routes.decorator';
import { send } from './send';

/** Publishes what verifies our access tokens. Exists where one of `signingKeys` has a public half. */
@OurRoutes()
export class KeysController {
  private readonly document: PublishedDocument;

  constructor(
    { sessions }: AuthOptions,
    private readonly adapterHost: HttpAdapterHost,
  ) {
    this.document = jwkSet(sessions?.signingKeys.published ?? []);
  }

  /** The JWK Set. */
  @Gated(ROUTES.jwks)
  keys(@Req() { headers }: PlatformRequest, @Res() response: object): void {
    send(this.adapterHost.httpAdapter, response, this.document.answerTo(headers));
  }
}
