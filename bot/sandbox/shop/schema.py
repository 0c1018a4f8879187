"""The part of Admin GraphQL 2026-10 that the stand-in knows: everything else is an error.

The text below is the documentation of the supported selection. A type `XConnection` is made for
every X that is paged; it has `nodes`, `edges { cursor node }` and `pageInfo`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.sandbox.shop.language import Declared, Parser, TypeRef
from bot.sandbox.shop.schema_returns import RETURNS

SCALARS = (
    "ID", "String", "Int", "Float", "Boolean", "Decimal", "Money", "DateTime", "URL",
    "UnsignedInt64", "CurrencyCode", "CountryCode",
)  # fmt: skip

TEXT = """
type Query {
  shop: Shop!
  order(id: ID!): Order
  orders(first: Int, after: String, query: String, sortKey: OrderSortKeys = PROCESSED_AT,
    reverse: Boolean = false): OrderConnection!
  fulfillmentOrder(id: ID!): FulfillmentOrder
  job(id: ID!): Job
  location(id: ID): Location
  locations(first: Int, after: String, includeInactive: Boolean = false): LocationConnection!
  inventoryItem(id: ID!): InventoryItem
  inventoryItems(first: Int, after: String, query: String): InventoryItemConnection!
  productVariant(id: ID!): ProductVariant
  productVariants(first: Int, after: String, query: String): ProductVariantConnection!
  return(id: ID!): Return
  returnableFulfillments(orderId: ID!, first: Int, after: String): ReturnableFulfillmentConnection!
  webhookSubscriptions(first: Int, after: String,
    topics: [WebhookSubscriptionTopic!]): WebhookSubscriptionConnection!
}
type Mutation {
  fulfillmentCreate(fulfillment: FulfillmentInput!, message: String): FulfillmentCreatePayload
  fulfillmentTrackingInfoUpdate(fulfillmentId: ID!, trackingInfoInput: FulfillmentTrackingInput!,
    notifyCustomer: Boolean): FulfillmentTrackingInfoUpdatePayload
  fulfillmentOrderLineItemsPreparedForPickup(
    input: FulfillmentOrderLineItemsPreparedForPickupInput!
  ): FulfillmentOrderLineItemsPreparedForPickupPayload
  orderCancel(orderId: ID!, reason: OrderCancelReason!, restock: Boolean!,
    refundMethod: OrderCancelRefundMethodInput, notifyCustomer: Boolean = false,
    staffNote: String): OrderCancelPayload
  inventorySetQuantities(input: InventorySetQuantitiesInput!): InventorySetQuantitiesPayload
  refundCreate(input: RefundInput!): RefundCreatePayload
  orderCapture(input: OrderCaptureInput!): OrderCapturePayload
  transactionVoid(parentTransactionId: ID!): TransactionVoidPayload
  orderEditBegin(id: ID!): OrderEditPayload
  orderEditSetQuantity(id: ID!, lineItemId: ID!, quantity: Int!,
    restock: Boolean): OrderEditLinePayload
  orderEditAddVariant(id: ID!, variantId: ID!, quantity: Int!, locationId: ID,
    allowDuplicates: Boolean = false): OrderEditLinePayload
  orderEditAddLineItemDiscount(id: ID!, lineItemId: ID!,
    discount: OrderEditAppliedDiscountInput!): OrderEditLinePayload
  orderEditCommit(id: ID!, notifyCustomer: Boolean, staffNote: String): OrderEditCommitPayload
  orderUpdate(input: OrderInput!): OrderUpdatePayload
  returnCreate(returnInput: ReturnInput!): ReturnPayload
  returnApproveRequest(input: ReturnApproveRequestInput!): ReturnPayload
  returnDeclineRequest(input: ReturnDeclineRequestInput!): ReturnPayload
  returnCancel(id: ID!, notifyCustomer: Boolean = false): ReturnPayload
  returnClose(id: ID!): ReturnPayload
  reverseFulfillmentOrderDispose(
    dispositionInputs: [ReverseFulfillmentOrderDisposeInput!]!
  ): ReverseFulfillmentOrderDisposePayload
  webhookSubscriptionCreate(topic: WebhookSubscriptionTopic!,
    webhookSubscription: WebhookSubscriptionInput!): WebhookSubscriptionCreatePayload
}
type Shop {
  id: ID! name: String! myshopifyDomain: String! email: String! currencyCode: CurrencyCode!
  ianaTimezone: String! taxesIncluded: Boolean! contactEmail: String! primaryDomain: Domain!
}
type Domain { id: ID! host: String! url: URL! }
type Order {
  id: ID! legacyResourceId: UnsignedInt64! name: String! number: Int! confirmationNumber: String
  createdAt: DateTime! updatedAt: DateTime! processedAt: DateTime! cancelledAt: DateTime
  closedAt: DateTime cancelReason: OrderCancelReason closed: Boolean! confirmed: Boolean!
  currencyCode: CurrencyCode! presentmentCurrencyCode: CurrencyCode! email: String phone: String
  customerLocale: String note: String tags: [String!]! test: Boolean! taxesIncluded: Boolean!
  sourceName: String sourceIdentifier: String registeredSourceUrl: URL statusPageUrl: URL!
  paymentGatewayNames: [String!]! discountCode: String discountCodes: [String!]!
  displayFinancialStatus: OrderDisplayFinancialStatus
  displayFulfillmentStatus: OrderDisplayFulfillmentStatus!
  fullyPaid: Boolean! unpaid: Boolean! edited: Boolean! totalWeight: UnsignedInt64
  customAttributes: [Attribute!]!
  customer: Customer shippingAddress: MailingAddress billingAddress: MailingAddress
  subtotalPriceSet: MoneyBag currentSubtotalPriceSet: MoneyBag! totalPriceSet: MoneyBag!
  currentTotalPriceSet: MoneyBag! totalTaxSet: MoneyBag currentTotalTaxSet: MoneyBag!
  totalDiscountsSet: MoneyBag currentTotalDiscountsSet: MoneyBag! totalShippingPriceSet: MoneyBag!
  totalReceivedSet: MoneyBag! totalRefundedSet: MoneyBag! totalOutstandingSet: MoneyBag!
  netPaymentSet: MoneyBag! taxLines: [TaxLine!]!
  retailLocation: Location
  discountApplications(first: Int, after: String): DiscountApplicationConnection!
  shippingLine: ShippingLine
  shippingLines(first: Int, after: String): ShippingLineConnection!
  lineItems(first: Int, after: String): LineItemConnection!
  fulfillmentOrders(first: Int, after: String): FulfillmentOrderConnection!
  fulfillments(first: Int): [Fulfillment!]!
  refunds(first: Int): [Refund!]!
  transactions(first: Int): [OrderTransaction!]!
  returns(first: Int, after: String, query: String): ReturnConnection!
}
type Attribute { key: String! value: String }
type Customer {
  id: ID! legacyResourceId: UnsignedInt64! firstName: String lastName: String
  displayName: String! email: String phone: String locale: String! note: String tags: [String!]!
}
type MailingAddress {
  firstName: String lastName: String name: String company: String address1: String
  address2: String zip: String city: String province: String provinceCode: String country: String
  countryCodeV2: CountryCode phone: String latitude: Float longitude: Float
}
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type TaxLine { title: String! rate: Float ratePercentage: Float priceSet: MoneyBag! }
type DiscountApplication {
  index: Int! code: String allocationMethod: DiscountApplicationAllocationMethod!
  targetSelection: DiscountApplicationTargetSelection! targetType: DiscountApplicationTargetType!
}
type DiscountAllocation {
  allocatedAmountSet: MoneyBag! discountApplication: DiscountApplication!
}
type ShippingLine {
  id: ID title: String! code: String source: String carrierIdentifier: String isRemoved: Boolean!
  originalPriceSet: MoneyBag! discountedPriceSet: MoneyBag! taxLines: [TaxLine!]!
}
type LineItem {
  id: ID! sku: String title: String! name: String! variantTitle: String vendor: String
  quantity: Int! currentQuantity: Int! unfulfilledQuantity: Int! refundableQuantity: Int!
  nonFulfillableQuantity: Int! requiresShipping: Boolean! isGiftCard: Boolean! taxable: Boolean!
  originalUnitPriceSet: MoneyBag! discountedUnitPriceSet: MoneyBag!
  originalTotalSet: MoneyBag! discountedTotalSet: MoneyBag! totalDiscountSet: MoneyBag!
  taxLines: [TaxLine!]! discountAllocations: [DiscountAllocation!]!
  customAttributes: [Attribute!]! variant: ProductVariant product: Product
}
type Product { id: ID! title: String! }
type ProductVariant {
  id: ID! legacyResourceId: UnsignedInt64! sku: String title: String! displayName: String!
  barcode: String price: Money! taxable: Boolean! inventoryQuantity: Int product: Product!
  inventoryItem: InventoryItem! inventoryPolicy: ProductVariantInventoryPolicy!
}
type InventoryItem {
  id: ID! legacyResourceId: UnsignedInt64! sku: String tracked: Boolean! requiresShipping: Boolean!
  measurement: InventoryItemMeasurement! variant: ProductVariant!
  inventoryLevel(locationId: ID!): InventoryLevel
  inventoryLevels(first: Int, after: String): InventoryLevelConnection!
}
type InventoryItemMeasurement { weight: Weight }
type Weight { value: Float! unit: WeightUnit! }
type InventoryLevel {
  id: ID! location: Location! item: InventoryItem!
  quantities(names: [String!]!): [InventoryQuantity!]!
}
type InventoryQuantity { id: ID! name: String! quantity: Int! updatedAt: DateTime }
type Location {
  id: ID! legacyResourceId: UnsignedInt64! name: String! isActive: Boolean!
  shipsInventory: Boolean! fulfillsOnlineOrders: Boolean! address: LocationAddress!
}
type LocationAddress {
  address1: String zip: String city: String country: String countryCode: String phone: String
}
type FulfillmentOrder {
  id: ID! status: FulfillmentOrderStatus! requestStatus: FulfillmentOrderRequestStatus!
  createdAt: DateTime! updatedAt: DateTime! orderId: ID! orderName: String! order: Order!
  assignedLocation: FulfillmentOrderAssignedLocation! deliveryMethod: DeliveryMethod
  supportedActions: [FulfillmentOrderSupportedAction!]!
  lineItems(first: Int, after: String): FulfillmentOrderLineItemConnection!
}
type DeliveryMethod { id: ID! methodType: DeliveryMethodType! }
type FulfillmentOrderSupportedAction { action: FulfillmentOrderAction! }
type FulfillmentOrderAssignedLocation { name: String! countryCode: CountryCode! location: Location }
type FulfillmentOrderLineItem {
  id: ID! totalQuantity: Int! remainingQuantity: Int! sku: String productTitle: String!
  lineItem: LineItem!
}
type Fulfillment {
  id: ID! legacyResourceId: UnsignedInt64! name: String! status: FulfillmentStatus!
  displayStatus: FulfillmentDisplayStatus createdAt: DateTime! updatedAt: DateTime!
  totalQuantity: Int! trackingInfo(first: Int): [FulfillmentTrackingInfo!]!
  location: Location order: Order!
  fulfillmentLineItems(first: Int, after: String): FulfillmentLineItemConnection!
}
type FulfillmentTrackingInfo { company: String number: String url: URL }
type FulfillmentLineItem { id: ID! quantity: Int lineItem: LineItem! }
type Refund {
  id: ID! legacyResourceId: UnsignedInt64! createdAt: DateTime updatedAt: DateTime! note: String
  totalRefundedSet: MoneyBag! order: Order!
  refundLineItems(first: Int, after: String): RefundLineItemConnection!
  transactions(first: Int, after: String): OrderTransactionConnection!
}
type RefundLineItem {
  id: ID quantity: Int! restockType: RefundLineItemRestockType! restocked: Boolean!
  subtotalSet: MoneyBag! totalTaxSet: MoneyBag! priceSet: MoneyBag! lineItem: LineItem!
  location: Location
}
type OrderTransaction {
  id: ID! kind: OrderTransactionKind! status: OrderTransactionStatus! gateway: String
  amountSet: MoneyBag! createdAt: DateTime! processedAt: DateTime test: Boolean!
  parentTransaction: OrderTransaction multiCapturable: Boolean! authorizationExpiresAt: DateTime
}
type WebhookSubscription {
  id: ID! legacyResourceId: UnsignedInt64! topic: WebhookSubscriptionTopic! uri: String!
  format: WebhookSubscriptionFormat! createdAt: DateTime! updatedAt: DateTime!
}
type CalculatedOrder {
  id: ID! subtotalPriceSet: MoneyBag
  lineItems(first: Int, after: String): CalculatedLineItemConnection!
}
type CalculatedLineItem { id: ID! sku: String title: String! quantity: Int! }
type PageInfo {
  hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String
}
type UserError { field: [String!] message: String! }
type CodedUserError { field: [String!] message: String! code: String }
type FulfillmentCreatePayload { fulfillment: Fulfillment userErrors: [UserError!]! }
type FulfillmentOrderLineItemsPreparedForPickupPayload { userErrors: [UserError!]! }
type FulfillmentTrackingInfoUpdatePayload { fulfillment: Fulfillment userErrors: [UserError!]! }
type OrderCancelPayload {
  job: Job orderCancelUserErrors: [CodedUserError!]! userErrors: [UserError!]!
}
type Job { id: ID! done: Boolean! }
type InventorySetQuantitiesPayload {
  inventoryAdjustmentGroup: InventoryAdjustmentGroup userErrors: [CodedUserError!]!
}
type InventoryAdjustmentGroup {
  id: ID! createdAt: DateTime! reason: String! referenceDocumentUri: String
  changes: [InventoryChange!]!
}
type InventoryChange {
  name: String! delta: Int! quantityAfterChange: Int item: InventoryItem location: Location
}
type RefundCreatePayload { refund: Refund order: Order userErrors: [CodedUserError!]! }
type OrderCapturePayload { transaction: OrderTransaction userErrors: [UserError!]! }
type TransactionVoidPayload { transaction: OrderTransaction userErrors: [UserError!]! }
type WebhookSubscriptionCreatePayload {
  webhookSubscription: WebhookSubscription userErrors: [UserError!]!
}
type OrderEditPayload { calculatedOrder: CalculatedOrder userErrors: [UserError!]! }
type OrderEditLinePayload {
  calculatedOrder: CalculatedOrder calculatedLineItem: CalculatedLineItem
  userErrors: [UserError!]!
}
type OrderEditCommitPayload {
  order: Order successMessages: [String!] userErrors: [UserError!]!
}
type OrderUpdatePayload { order: Order userErrors: [UserError!]! }
input MoneyInput { amount: Decimal! currencyCode: CurrencyCode! }
input OrderEditAppliedDiscountInput {
  description: String fixedValue: MoneyInput percentValue: Float
}
input OrderInput { id: ID! note: String shippingAddress: MailingAddressInput }
input MailingAddressInput {
  firstName: String lastName: String company: String address1: String address2: String zip: String
  city: String provinceCode: String countryCode: CountryCode phone: String
}
input FulfillmentInput {
  lineItemsByFulfillmentOrder: [FulfillmentOrderLineItemsInput!]!
  trackingInfo: FulfillmentTrackingInput notifyCustomer: Boolean = false
}
input FulfillmentOrderLineItemsInput {
  fulfillmentOrderId: ID! fulfillmentOrderLineItems: [FulfillmentOrderLineItemInput!]
}
input FulfillmentOrderLineItemInput { id: ID! quantity: Int! }
input FulfillmentOrderLineItemsPreparedForPickupInput {
  lineItemsByFulfillmentOrder: [PreparedFulfillmentOrderLineItemsInput!]!
}
input PreparedFulfillmentOrderLineItemsInput { fulfillmentOrderId: ID! }
input FulfillmentTrackingInput { company: String number: String url: URL }
input OrderCancelRefundMethodInput { originalPaymentMethodsRefund: Boolean }
input InventorySetQuantitiesInput {
  name: String! reason: String! referenceDocumentUri: String quantities: [InventoryQuantityInput!]!
}
input InventoryQuantityInput {
  inventoryItemId: ID! locationId: ID! quantity: Int! changeFromQuantity: Int
}
input RefundInput {
  orderId: ID! currency: CurrencyCode note: String notify: Boolean
  refundLineItems: [RefundLineItemInput!] transactions: [OrderTransactionInput!]
}
input OrderCaptureInput {
  id: ID! parentTransactionId: ID! amount: Money! currency: CurrencyCode finalCapture: Boolean
}
input RefundLineItemInput {
  lineItemId: ID! quantity: Int! restockType: RefundLineItemRestockType locationId: ID
}
input OrderTransactionInput {
  orderId: ID! amount: Money! gateway: String! kind: OrderTransactionKind! parentId: ID
}
input WebhookSubscriptionInput { uri: String format: WebhookSubscriptionFormat }
enum OrderSortKeys { CREATED_AT ID ORDER_NUMBER PROCESSED_AT UPDATED_AT }
enum ProductVariantInventoryPolicy { CONTINUE DENY }
enum OrderCancelReason { CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF }
enum OrderDisplayFinancialStatus {
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}
enum OrderDisplayFulfillmentStatus {
  FULFILLED IN_PROGRESS ON_HOLD OPEN PARTIALLY_FULFILLED PENDING_FULFILLMENT RESTOCKED SCHEDULED
  UNFULFILLED
}
enum FulfillmentOrderStatus { CANCELLED CLOSED IN_PROGRESS INCOMPLETE ON_HOLD OPEN SCHEDULED }
enum DeliveryMethodType { LOCAL NONE PICKUP_POINT PICK_UP RETAIL SHIPPING }
enum FulfillmentOrderRequestStatus { UNSUBMITTED }
enum FulfillmentOrderAction { CREATE_FULFILLMENT }
enum FulfillmentStatus { CANCELLED ERROR FAILURE SUCCESS }
enum FulfillmentDisplayStatus {
  ATTEMPTED_DELIVERY CONFIRMED DELIVERED FAILURE FULFILLED IN_TRANSIT LABEL_PRINTED
  OUT_FOR_DELIVERY READY_FOR_PICKUP
}
enum DiscountApplicationAllocationMethod { ACROSS EACH }
enum DiscountApplicationTargetSelection { ALL ENTITLED EXPLICIT }
enum DiscountApplicationTargetType { LINE_ITEM SHIPPING_LINE }
enum RefundLineItemRestockType { CANCEL LEGACY_RESTOCK NO_RESTOCK RETURN }
enum OrderTransactionKind { AUTHORIZATION CAPTURE REFUND SALE VOID }
enum OrderTransactionStatus { SUCCESS }
enum WebhookSubscriptionFormat { JSON }
enum WebhookSubscriptionTopic {
  ORDERS_CREATE ORDERS_UPDATED ORDERS_PAID ORDERS_CANCELLED REFUNDS_CREATE FULFILLMENTS_CREATE
  FULFILLMENTS_UPDATE
  RETURNS_REQUEST
  RETURNS_APPROVE
  RETURNS_DECLINE
  RETURNS_CANCEL
  DISPUTES_CREATE
  DISPUTES_UPDATE
}
enum WeightUnit { GRAMS KILOGRAMS }
"""


@dataclass(slots=True)
class Schema:
    objects: dict[str, dict[str, Declared]] = field(default_factory=dict)
    inputs: dict[str, dict[str, Declared]] = field(default_factory=dict)
    enums: dict[str, tuple[str, ...]] = field(default_factory=dict)


def parse_schema(text: str) -> Schema:
    parser, schema = Parser(text), Schema()
    while parser.now.kind != "end":
        kind, name = parser.name(), parser.name()
        parser.take("{")
        if kind == "enum":
            schema.enums[name] = _words(parser)
        else:
            home = schema.objects if kind == "type" else schema.inputs
            home[name] = _fields(parser)
    _add_connections(schema)
    return schema


def _words(parser: Parser) -> tuple[str, ...]:
    found = []
    while not parser.accept("}"):
        found.append(parser.name())
    return tuple(found)


def _fields(parser: Parser) -> dict[str, Declared]:
    found = {}
    while not parser.accept("}"):
        name = parser.name()
        arguments = parser.declarations() if parser.now.text == "(" else {}
        plain = parser.declared()
        found[name] = Declared(plain.type, plain.default, plain.has_default, arguments)
    return found


def _add_connections(schema: Schema) -> None:
    wanted = {x.type.named for fields in schema.objects.values() for x in fields.values()}
    for connection in sorted(name for name in wanted if name.endswith("Connection")):
        node = TypeRef(connection.removesuffix("Connection"), True)
        edge = f"{node.name}Edge"
        schema.objects[edge] = {
            "cursor": Declared(TypeRef("String", True)),
            "node": Declared(node),
        }
        schema.objects[connection] = {
            "nodes": Declared(TypeRef("", True, node)),
            "edges": Declared(TypeRef("", True, TypeRef(edge, True))),
            "pageInfo": Declared(TypeRef("PageInfo", True)),
        }


SCHEMA = parse_schema(TEXT + RETURNS)
