import { VersioningType } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { listen } from '../listen.js';
import { AppModule } from '../plain/app.module.js';

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
// Everything of the host's stands below /shop/v1, and the logout below /shop: it has no version.
app.setGlobalPrefix('shop');
app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
await listen(app);
