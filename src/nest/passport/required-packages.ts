import { requirePackages } from '../../options/required-packages';

requirePackages('nestjs-logout/passport', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  'passport-jwt': () => require('passport-jwt'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
